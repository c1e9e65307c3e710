using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// Tiles of 16-bit keys and values in shared memory, each <see cref="TileBytes"/> long: keys as elements × 16, values as 16 ×
/// elements. The eight rows of 16 bytes that <c>ldmatrix</c> reads at once must lie in different banks. So the 16 bytes of an
/// element's keys change places in every other four rows. Those of a position's values are moved by exclusive-or with the
/// position mod 8.
/// </summary>
internal readonly struct TensorTiles<THead>
    where THead : struct, ITensorHead
{
    private const int PieceBytes = 16;
    private const int PerPiece = PieceBytes / sizeof(ushort);

    // Of which a warp copies the keys at a time.
    private const int ElementsAtOnce = TensorLane.WarpSize / (KeyScores.RowBytes / PieceBytes);

    private readonly AttentionInput<ushort> _input;
    private readonly TensorCache _cache;
    private readonly AttentionBlock _block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TensorTiles(AttentionInput<ushort> input, TensorCache cache, AttentionBlock block) =>
        (_input, _cache, _block) = (input, cache, block);

    /// <summary>Bytes of a tile's keys, and of its values.</summary>
    public static int TileBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Size * KeyScores.RowBytes;
    }

    private static int ValueBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Size * sizeof(ushort);
    }

    /// <summary>The lane's part in loading 16 elements of a tile's keys.</summary>
    public static uint LaneKeys
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => KeyAt(TensorLane.Index & 15, TensorLane.Index >> 4);
    }

    /// <summary>The position whose values are the lane's to name.</summary>
    public static uint LaneValues
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)((TensorLane.Index & 15) * ValueBytes);
    }

    /// <summary>What an element's place among that position's values is combined with.</summary>
    public static uint LaneSwizzle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)(((TensorLane.Index >> 4) ^ (TensorLane.Index & 7)) * PieceBytes);
    }

    /// <summary>Zeros the elements that the head has not, because what lies there may be NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ClearPadding(uint keys, int tiles)
    {
        int padding = (THead.Size - _input.HeadDim) * KeyScores.RowBytes / sizeof(float);
        for (int tile = TensorLane.Warp; tile < tiles; tile += Group.DimX / TensorLane.WarpSize)
        {
            for (int i = TensorLane.Index; i < padding; i += TensorLane.WarpSize)
            {
                TensorShared.Store(
                    keys + (uint)((tile * TileBytes) + (_input.HeadDim * KeyScores.RowBytes) + (i * sizeof(float))), 0);
            }
        }
    }

    /// <summary>
    /// Begins to load the keys of neighbouring tiles, each by a warp. To find where a tile lies is a good part of the work.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadKeys(int firstTile, int tiles, uint to)
    {
        for (int tile = TensorLane.Warp; tile < tiles; tile += Group.DimX / TensorLane.WarpSize)
        {
            var source = SourceOf(firstTile + tile);
            // A lane copies half the keys of an element and of every sixteenth from there: the same half, at equal distances.
            int half = TensorLane.Index & 1;
            int fromRing = source.FromRing - (half * PerPiece);
            uint at = to + (uint)(tile * TileBytes) + KeyAt(TensorLane.Index >> 1, half);
            long ring = _cache.RingKeys + source.Ring + (TensorLane.Index * PieceBytes);
            long fresh = _cache.FreshKeys + source.Fresh + (TensorLane.Index * PieceBytes);
            if (fromRing >= PerPiece || fromRing <= 0)
            {
                long from = fromRing > 0 ? ring : fresh;
                for (int element = TensorLane.Index >> 1; element < _input.HeadDim; element += ElementsAtOnce)
                {
                    TensorShared.Copy16(at, from);
                    at += ElementsAtOnce * KeyScores.RowBytes;
                    from += ElementsAtOnce * KeyScores.RowBytes;
                }
            }
            else
            {
                for (int element = TensorLane.Index >> 1; element < _input.HeadDim; element += ElementsAtOnce)
                {
                    for (int key = 0; key < PerPiece; key++)
                    {
                        TensorShared.Copy2(
                            at + (uint)(key * sizeof(ushort)), (key < fromRing ? ring : fresh) + (key * sizeof(ushort)));
                    }

                    at += ElementsAtOnce * KeyScores.RowBytes;
                    ring += ElementsAtOnce * KeyScores.RowBytes;
                    fresh += ElementsAtOnce * KeyScores.RowBytes;
                }
            }
        }
    }

    /// <summary>Begins to load the values of neighbouring tiles, likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadValues(int firstTile, int tiles, uint to)
    {
        int pieces = THead.Size / PerPiece;
        int step = TensorLane.WarpSize / pieces;
        // A lane copies the same piece of every so many positions.
        int piece = TensorLane.Index & (pieces - 1);
        int first = (int)((uint)TensorLane.Index / (uint)pieces);
        uint rowStep = (uint)(step * ValueBytes);
        uint place = (uint)(piece * PieceBytes) ^ PlaceOf(first);
        if (piece * PerPiece >= _input.HeadDim)
        {
            return;
        }

        for (int tile = TensorLane.Warp; tile < tiles; tile += Group.DimX / TensorLane.WarpSize)
        {
            var source = SourceOf(firstTile + tile);
            uint row = to + (uint)((tile * TileBytes) + (first * ValueBytes));
            int within = ((first * _input.HeadDim) + (piece * PerPiece)) * sizeof(ushort);
            long pitch = step * _input.HeadDim * sizeof(ushort);
            long ring = _cache.RingValues + source.Ring + within;
            long fresh = _cache.FreshValues + source.Fresh + within;
            if (source.FromRing >= TileLayout.Length || source.FromRing <= 0)
            {
                long from = source.FromRing > 0 ? ring : fresh;
                // Four at a time, which ptxas does not do by itself.
                for (int position = 0; position < TileLayout.Length; position += 4 * step)
                {
                    uint moved = place ^ PlaceOf(position);
                    TensorShared.Copy16(row + moved, from);
                    TensorShared.Copy16(row + rowStep + (moved ^ PlaceOf(step)), from + pitch);
                    TensorShared.Copy16(row + (2 * rowStep) + (moved ^ PlaceOf(2 * step)), from + (2 * pitch));
                    TensorShared.Copy16(row + (3 * rowStep) + (moved ^ PlaceOf(3 * step)), from + (3 * pitch));
                    row += 4 * rowStep;
                    from += 4 * pitch;
                }
            }
            else
            {
                for (int position = 0; position < TileLayout.Length; position += step)
                {
                    TensorShared.Copy16(row + (place ^ PlaceOf(position)), first + position < source.FromRing ? ring : fresh);
                    row += rowStep;
                    ring += pitch;
                    fresh += pitch;
                }
            }
        }
    }

    // What a position's pieces are moved by.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PlaceOf(int position) => (uint)((position & 7) * PieceBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint KeyAt(int element, int half) =>
        (uint)((element * KeyScores.RowBytes) + ((half ^ ((element >> 2) & 1)) * PieceBytes));

    // Tiles that no query sees are masked, but what is loaded for them must be numbers. So the nearest tile that is seen is
    // loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Source SourceOf(int tile)
    {
        var queries = _block.Queries;
        tile = IntrinsicMath.Max(_block.FirstTile, IntrinsicMath.Min(tile, _block.EndTile - 1));
        int fromRing = queries.Start - (tile * TileLayout.Length);
        int ringTile = fromRing > 0 ? _input.Table.Find(queries.Sequence, tile) : 0;
        int freshTile = queries.FreshTile + tile - (queries.Start / TileLayout.Length);
        return new Source(BytesTo(ringTile), BytesTo(freshTile), fromRing);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long BytesTo(int tile) => sizeof(ushort) * TileLayout.At(tile, _input.KvHeads, _block.KvHead, _input.HeadDim);

    /// <param name="Ring">Bytes before the tile in the ring.</param>
    /// <param name="Fresh">Bytes before it among the fresh tiles.</param>
    /// <param name="FromRing">So many of its first positions are in the ring, the others are fresh.</param>
    private readonly record struct Source(long Ring, long Fresh, int FromRing);
}
