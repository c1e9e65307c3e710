using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>Where the tiles of <see cref="AttentionInput{TElement}"/> lie, as addresses, for copies that go on while the group computes.</summary>
/// <remarks>Arguments and no <see cref="TileMemory.AddressOf{T}"/> in the kernel, which took 2 to 28 registers more.</remarks>
public readonly record struct TensorCache(long RingKeys, long RingValues, long FreshKeys, long FreshValues);

/// <summary>
/// Tiles of 16-bit keys and values in shared memory, each <see cref="TileBytes"/> long: keys as elements × 16, values as
/// 16 × elements. So that the eight rows of 16 bytes which <c>ldmatrix</c> reads at once lie in different banks, the 16 bytes of an element's keys
/// change places in every other four rows, and those of a position's values are moved by exclusive-or with the position mod 8.
/// </summary>
internal readonly struct TensorTiles<THead>
    where THead : struct, ITensorHead
{
    private const int PieceBytes = 16;
    private const int PerPiece = PieceBytes / sizeof(ushort);

    private readonly AttentionInput<ushort> _input;
    private readonly TensorCache _cache;
    private readonly AttentionBlock _block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TensorTiles(AttentionInput<ushort> input, TensorCache cache, AttentionBlock block) => (_input, _cache, _block) = (input, cache, block);

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
        get => KeyAt(TensorLane.Index % 16, TensorLane.Index / 16);
    }

    /// <summary>The position whose values are the lane's to name.</summary>
    public static uint LaneValues
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)(TensorLane.Index % 16 * ValueBytes);
    }

    /// <summary>What an element's place among that position's values is combined with.</summary>
    public static uint LaneSwizzle
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)(((TensorLane.Index / 16) ^ (TensorLane.Index % 8)) * PieceBytes);
    }

    /// <summary>Zeros the elements that the head has not, for what lies there might be no number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ClearPadding(uint keys, int tiles)
    {
        int padding = (THead.Size - _input.HeadDim) * KeyScores.RowBytes / sizeof(float);
        for (int i = Group.IdxX; i < tiles * padding; i += Group.DimX)
        {
            uint at = (uint)((i / padding * TileBytes) + (_input.HeadDim * KeyScores.RowBytes) + (i % padding * sizeof(float)));
            TensorShared.Store(keys + at, 0);
        }
    }

    /// <summary>Begins to load the keys of neighbouring tiles, each by a warp, for finding where a tile lies is a good part of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadKeys(int firstTile, int tiles, uint to)
    {
        for (int tile = TensorLane.Warp; tile < tiles; tile += Group.DimX / TensorLane.WarpSize)
        {
            var source = SourceOf(firstTile + tile);
            for (int i = TensorLane.Index; i < 2 * _input.HeadDim; i += TensorLane.WarpSize)
            {
                uint at = to + (uint)(tile * TileBytes) + KeyAt(i / 2, i % 2);
                long ring = _cache.RingKeys + source.Ring + (i * PieceBytes);
                long fresh = _cache.FreshKeys + source.Fresh + (i * PieceBytes);
                int fromRing = source.FromRing - (i % 2 * PerPiece);
                if (fromRing >= PerPiece || fromRing <= 0)
                {
                    TensorShared.Copy16(at, fromRing > 0 ? ring : fresh);
                }
                else
                {
                    for (int key = 0; key < PerPiece; key++)
                    {
                        TensorShared.Copy2(at + (uint)(key * sizeof(ushort)), (key < fromRing ? ring : fresh) + (key * sizeof(ushort)));
                    }
                }
            }
        }
    }

    /// <summary>Begins to load the values of neighbouring tiles, likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadValues(int firstTile, int tiles, uint to)
    {
        int pieces = THead.Size / PerPiece;
        for (int tile = TensorLane.Warp; tile < tiles; tile += Group.DimX / TensorLane.WarpSize)
        {
            var source = SourceOf(firstTile + tile);
            for (int i = TensorLane.Index; i < TileLayout.Length * pieces; i += TensorLane.WarpSize)
            {
                int position = i / pieces;
                int piece = i % pieces;
                if (piece * PerPiece < _input.HeadDim)
                {
                    uint at = to + (uint)((tile * TileBytes) + (position * ValueBytes) + ((piece ^ (position % 8)) * PieceBytes));
                    int within = ((position * _input.HeadDim) + (piece * PerPiece)) * sizeof(ushort);
                    TensorShared.Copy16(
                        at, (position < source.FromRing ? _cache.RingValues + source.Ring : _cache.FreshValues + source.Fresh) + within);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint KeyAt(int element, int half) => (uint)((element * KeyScores.RowBytes) + ((half ^ (element / 4 % 2)) * PieceBytes));

    // Tiles that no query sees are masked, but what is loaded for them must be numbers: that of the nearest one that is seen.
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
