using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>The warpgroup of <see cref="AttendWarpgroup{TFormat, TOutput}"/> that brings keys and values to
/// <see cref="WarpgroupPlaces"/>.</summary>
internal readonly struct WarpgroupTiles
{
    /// <summary>Which of the group's warpgroups brings them.</summary>
    public const int Warpgroup = 2;

    /// <summary>Tiles of 16 keys that are taken together.</summary>
    public const int Tiles = WarpgroupScores.Keys / TileLayout.Length;

    private const int PieceBytes = TileMemory.PieceBytes;
    private const int PerPiece = PieceBytes / sizeof(ushort);
    private const int PerRow = WarpgroupMemory.RowBytes / PieceBytes;

    // Bytes of one element of a tile's keys in memory.
    private const int KeyBytes = TileLayout.Length * sizeof(ushort);
    private const int Warps = WarpgroupSums.GroupSize / TensorLane.WarpSize;

    // Elements whose keys a warp copies at a time, and positions whose values it does.
    private const int ElementsAtOnce = TensorLane.WarpSize * PieceBytes / KeyBytes;
    private const int PositionsAtOnce = TensorLane.WarpSize * PieceBytes / (WarpgroupOutputs.Elements * sizeof(ushort));

    private readonly AttentionInput<ushort> _input;
    private readonly TensorCache _cache;
    private readonly AttentionBlock _block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WarpgroupTiles(AttentionInput<ushort> input, TensorCache cache, AttentionBlock block) =>
        (_input, _cache, _block) = (input, cache, block);

    private static int Warp => TensorLane.Warp & (Warps - 1);

    /// <summary>Brings all keys and values; two copies are on their way at a time, each tile's by a warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Bring(int firstTile, int rounds, uint memory)
    {
        ClearPadding(WarpgroupPlaces.KeysAt(memory, 0));
        int ring = RingTile(firstTile + TensorLane.Index);
        int nextRing = RingTile(firstTile + Tiles + TensorLane.Index);
        LoadKeys(firstTile, ring, WarpgroupPlaces.KeysAt(memory, 0));
        TileMemory.Commit();
        NamedBarrier.WaitForAll();
        for (int round = 0; round < rounds; round++)
        {
            int tile = firstTile + (round * Tiles);
            var (place, other) = (round & 1, ~round & 1);
            // To find where tiles lie takes as long as to load them, so it is done a round ahead.
            int afterNext = RingTile(tile + (2 * Tiles) + TensorLane.Index);
            if (round + 1 < rounds)
            {
                if (round > 0)
                {
                    WarpgroupTurns.AwaitKeysLeft(other);
                }

                LoadKeys(tile + Tiles, nextRing, WarpgroupPlaces.KeysAt(memory, other));
            }

            EndAllButOne();
            if (round > 0)
            {
                WarpgroupTurns.GiveValues(other);
            }
            else
            {
                WarpgroupTurns.GiveKeys(place);
            }

            if (round > 1)
            {
                WarpgroupTurns.AwaitValuesLeft(place);
            }

            LoadValues(tile, ring, WarpgroupPlaces.ValuesAt(memory, place));
            EndAllButOne();
            if (round + 1 < rounds)
            {
                WarpgroupTurns.GiveKeys(other);
            }

            (ring, nextRing) = (nextRing, afterNext);
        }

        TensorShared.WaitForCopies();
        WarpgroupSums.Offer();
        WarpgroupTurns.GiveValues((rounds - 1) & 1);
    }

    // Ends a copy, waits for those before it, and makes them seen by products.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void EndAllButOne()
    {
        TileMemory.Commit();
        TileMemory.WaitForAllButOne();
        WarpgroupSums.Offer();
    }

    // Zeros the elements that the head has not, because what lies there may be NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ClearPadding(uint keys)
    {
        int thread = Group.IdxX & (WarpgroupSums.GroupSize - 1);
        int pieces = (WarpgroupOutputs.Elements - _input.HeadDim) * PerRow;
        uint at = keys + (uint)((_input.HeadDim * WarpgroupMemory.RowBytes) + (thread * PieceBytes));
        for (int i = thread; i < pieces; i += WarpgroupSums.GroupSize)
        {
            TileMemory.Store(at, default);
            TileMemory.Store(at + WarpgroupPlaces.HalfBytes, default);
            TileMemory.Store(at + WarpgroupPlaces.PlaceBytes, default);
            TileMemory.Store(at + WarpgroupPlaces.PlaceBytes + WarpgroupPlaces.HalfBytes, default);
            at += WarpgroupSums.GroupSize * PieceBytes;
        }
    }

    /// <param name="ring">Where the lane's tile of these is in the ring.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadKeys(int firstTile, int ring, uint to)
    {
        int half = TensorLane.Index & 1;
        // Eight neighbouring lanes write pieces of every other row, in different banks.
        int row = (TensorLane.Index & 6) + ((TensorLane.Index >> 3) & 1) + ((TensorLane.Index >> 4) << 3);
        uint lane = to + (uint)(row * WarpgroupMemory.RowBytes);
        int offset = (row * KeyBytes) + (half * PieceBytes);
        for (int i = Warp; i < Tiles; i += Warps)
        {
            var source = SourceOf(firstTile + i, ILGPU.Warp.Shuffle(ring, i));
            uint at = lane + (uint)(((i >> 2) * WarpgroupPlaces.HalfBytes) + (((((i & 3) * 2) + half) ^ (row & 7)) * PieceBytes));
            if (source.IsWhole)
            {
                CopyKeys(at, (source.IsFresh ? _cache.FreshKeys : _cache.RingKeys) + offset + source.Bytes);
                continue;
            }

            int fromRing = source.FromRing - (half * PerPiece);
            long older = _cache.RingKeys + offset + source.Bytes;
            long fresh = _cache.FreshKeys + offset + BytesTo(source.FreshTile);
            for (int element = 0; element < _input.HeadDim; element += ElementsAtOnce)
            {
                for (int key = 0; key < PerPiece; key++)
                {
                    TensorShared.Copy2(
                        at + (uint)(key * sizeof(ushort)), (key < fromRing ? older : fresh) + (key * sizeof(ushort)));
                }

                at += ElementsAtOnce * WarpgroupMemory.RowBytes;
                older += ElementsAtOnce * KeyBytes;
                fresh += ElementsAtOnce * KeyBytes;
            }
        }
    }

    // The lane's piece of every so many elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyKeys(uint to, long from)
    {
        if (_input.HeadDim == WarpgroupOutputs.Elements)
        {
            TensorShared.CopyEight(to, from);
            return;
        }

        for (int element = 0; element < _input.HeadDim; element += ElementsAtOnce)
        {
            TensorShared.Copy16(to, from);
            to += ElementsAtOnce * WarpgroupMemory.RowBytes;
            from += ElementsAtOnce * KeyBytes;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void LoadValues(int firstTile, int ring, uint to)
    {
        int piece = TensorLane.Index & ((WarpgroupOutputs.Elements / PerPiece) - 1);
        int first = TensorLane.Index / (WarpgroupOutputs.Elements / PerPiece);
        uint lane = to + (uint)(((piece / PerRow) * WarpgroupPlaces.HalfBytes) + (first * WarpgroupMemory.RowBytes));
        uint place = (uint)(((piece & (PerRow - 1)) ^ first) * PieceBytes);
        int offset = ((first * _input.HeadDim) + (piece * PerPiece)) * sizeof(ushort);
        long pitch = PositionsAtOnce * _input.HeadDim * sizeof(ushort);
        for (int i = Warp; i < Tiles; i += Warps)
        {
            var source = SourceOf(firstTile + i, ILGPU.Warp.Shuffle(ring, i));
            uint row = lane + (uint)(i * TileLayout.Length * WarpgroupMemory.RowBytes);
            long older = _cache.RingValues + offset + source.Bytes;
            if (source.IsWhole && _input.HeadDim == WarpgroupOutputs.Elements)
            {
                // Rows that are eight apart have their pieces in one order.
                TensorShared.CopyEight(
                    row + place, row + (place ^ PlaceOf(PositionsAtOnce)), row + (place ^ PlaceOf(2 * PositionsAtOnce)),
                    row + (place ^ PlaceOf(3 * PositionsAtOnce)),
                    source.IsFresh ? _cache.FreshValues + offset + source.Bytes : older);
                continue;
            }

            long fresh = _cache.FreshValues + offset + BytesTo(source.FreshTile);
            bool exists = piece * PerPiece < _input.HeadDim;
            for (int position = 0; exists && position < TileLayout.Length; position += PositionsAtOnce)
            {
                TensorShared.Copy16(row + (place ^ PlaceOf(position)), first + position < source.FromRing ? older : fresh);
                row += PositionsAtOnce * WarpgroupMemory.RowBytes;
                older += pitch;
                fresh += pitch;
            }
        }
    }

    // What a row's pieces are moved by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PlaceOf(int row) => (uint)((row & (PerRow - 1)) * PieceBytes);

    // Where a tile is in the ring, of those that are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int RingTile(int tile)
    {
        tile = Near(tile);
        return _block.Queries.Start > tile * TileLayout.Length ? _input.Table.Find(_block.Queries.Sequence, tile) : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Source SourceOf(int tile, int ringTile)
    {
        tile = Near(tile);
        var queries = _block.Queries;
        int fromRing = queries.Start - (tile * TileLayout.Length);
        int freshTile = queries.FreshTile + tile - (queries.Start / TileLayout.Length);
        return new Source(BytesTo(fromRing > 0 ? ringTile : freshTile), freshTile, fromRing);
    }

    // Tiles that no query sees are masked, but what is loaded for them must be numbers. So the nearest tile that is seen is
    // loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Near(int tile) => IntrinsicMath.Max(_block.FirstTile, IntrinsicMath.Min(tile, _block.EndTile - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long BytesTo(int tile) => sizeof(ushort) * TileLayout.At(tile, _input.KvHeads, _block.KvHead, _input.HeadDim);

    /// <param name="Bytes">Bytes before the tile, in the ring if any of it is there.</param>
    /// <param name="FreshTile">Where it is among the fresh tiles.</param>
    /// <param name="FromRing">So many of its first positions are in the ring, the others are fresh.</param>
    private readonly record struct Source(long Bytes, int FreshTile, int FromRing)
    {
        public bool IsFresh => FromRing <= 0;
        public bool IsWhole => FromRing is <= 0 or >= TileLayout.Length;
    }
}
