using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A warp's room in shared memory for one tile of keys and values in eight bits. Keys and scales lie as in the cache
/// (<see cref="TileLayout"/>). The values of the even positions come before those of the odd ones, and a row is followed by 16
/// bytes, so that the eight rows that <c>ldmatrix</c> reads at once lie in different banks. A warp copies its own tile, and no
/// other warp reads it.
/// </summary>
internal readonly struct QuantTiles<THead>
    where THead : struct, IQuantHead
{
    private const int PieceBytes = 16;

    // What the lanes of a warp copy at once.
    private const int CopyBytes = TensorLane.WarpSize * PieceBytes;

    private readonly AttentionInput<sbyte> _input;
    private readonly QuantCache _cache;
    private readonly AttentionBlock _block;
    private readonly uint _keys;

    /// <param name="room">Where the room is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QuantTiles(AttentionInput<sbyte> input, QuantCache cache, AttentionBlock block, uint room) =>
        (_input, _cache, _block, _keys) = (input, cache, block, room);

    /// <summary>Bytes of a room.</summary>
    public static int Bytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (THead.Runs * (QuantRun.KeyBytes + QuantRun.KeyScaleBytes)) + (TileLayout.Length * (RowBytes + ScaleBytes));
    }

    /// <summary>From the scales of a position's values to the next one's.</summary>
    public static int ScaleBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Runs * sizeof(ushort);
    }

    private static int HeadBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Runs * TileLayout.Run;
    }

    private static int RowBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => HeadBytes + PieceBytes;
    }

    private uint KeyScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _keys + (uint)(THead.Runs * QuantRun.KeyBytes);
    }

    private uint Values
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => KeyScales + (uint)(THead.Runs * QuantRun.KeyScaleBytes);
    }

    private uint ValueScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Values + (uint)(TileLayout.Length * RowBytes);
    }

    /// <summary>See <see cref="IQuantHead.Score"/>.</summary>
    public uint LaneKeys
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _keys + (uint)(TensorLane.Index * PieceBytes);
    }

    /// <summary>See <see cref="IQuantHead.Score"/>.</summary>
    public uint LaneKeyScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => KeyScales + (uint)(2 * TensorLane.Column * sizeof(ushort));
    }

    /// <summary>See <see cref="IQuantHead.Add"/>.</summary>
    public uint LaneValues
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Values + (uint)(((TensorLane.Index & 15) * RowBytes) + ((TensorLane.Index >> 4) * PieceBytes));
    }

    /// <summary>See <see cref="IQuantHead.Add"/>.</summary>
    public uint LaneValueScales
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ValueScales + (uint)(2 * TensorLane.Column * ScaleBytes);
    }

    /// <summary>Where a tile of the text lies in memory: its place among the tiles of all kv heads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int tile) =>
        (_input.Table.Find(_block.Queries.Sequence, tile) * _input.KvHeads) + _block.KvHead;

    /// <summary>Begins to load keys and their scales.</summary>
    /// <param name="found">See <see cref="Find"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadKeys(int found)
    {
        CopyRuns(LaneKeys, QuantRun.KeyBytes, From(_cache.Keys, found, TileLayout.Length * HeadBytes));
        CopyScales(KeyScales, _cache.KeyScales, found);
    }

    /// <summary>Begins to load values and their scales.</summary>
    /// <param name="found">See <see cref="Find"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void LoadValues(int found)
    {
        int pieces = HeadBytes / PieceBytes;
        // A lane copies the same piece of every so many positions, all of them even or all odd.
        int first = (int)((uint)TensorLane.Index / (uint)pieces);
        int row = (first >> 1) + ((first & 1) * (TileLayout.Length / 2));
        uint to = Values + (uint)((row * RowBytes) + ((TensorLane.Index & (pieces - 1)) * PieceBytes));
        CopyRuns(
            to, TensorLane.WarpSize / pieces / 2 * RowBytes, From(_cache.Values, found, TileLayout.Length * HeadBytes));
        CopyScales(ValueScales, _cache.ValueScales, found);
    }

    /// <summary>Zeros the scales of values that no head sees, because what lies there need not be a number. Positions are counted
    /// from the tile's first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ClearUnseen(int first, int last)
    {
        int position = TensorLane.Index >> 1;
        if (position < first || position > last)
        {
            // Two lanes have half the scales of a position each.
            uint at = ValueScales + (uint)(TensorLane.Index * ScaleBytes / 2);
            for (int run = 0; run < THead.Runs / 2; run++)
            {
                TensorShared.StoreHalf(at + (uint)(run * sizeof(ushort)), 0);
            }
        }
    }

    // The lane's first piece.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long From(long tiles, int found, int bytes) =>
        tiles + (TensorLane.Index * PieceBytes) + ((long)found * bytes);

    // Written out, because ptxas does not.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRuns(uint to, int step, long from)
    {
        TensorShared.Copy16(to, from);
        TensorShared.Copy16(to + (uint)step, from + CopyBytes);
        if (THead.Runs > 2)
        {
            TensorShared.Copy16(to + (uint)(2 * step), from + (2 * CopyBytes));
            TensorShared.Copy16(to + (uint)(3 * step), from + (3 * CopyBytes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyScales(uint to, long scales, int found)
    {
        if (TensorLane.Index < THead.Runs * QuantRun.KeyScaleBytes / PieceBytes)
        {
            TensorShared.Copy16(
                to + (uint)(TensorLane.Index * PieceBytes), From(scales, found, THead.Runs * QuantRun.KeyScaleBytes));
        }
    }
}
