using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Which rows of weights are in a tile.</summary>
/// <param name="First">The tile's first row of output.</param>
/// <param name="Count">Rows of output of the whole matrix.</param>
/// <param name="IsGated">Whether each 32 rows of the tile are followed by the 32 that they gate, <paramref name="Count"/> further
/// down.</param>
public readonly record struct TileRows(int First, int Count, bool IsGated)
{
    /// <summary>Rows of output in a tile.</summary>
    public static int PerTile(bool isGated) => isGated ? TileMemory.Rows / 2 : TileMemory.Rows;

    /// <summary>The row of weights in a row of the tile; past the end the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Source(int row) => IsGated
        ? IntrinsicMath.Min(First + ((row >> 6) << 5) + (row & 31), Count - 1) + (((row >> 5) & 1) * Count)
        : IntrinsicMath.Min(First + row, Count - 1);

    /// <summary>The first row of output of the upper or the lower half of the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstOutput(int half) => First + (half * (IsGated ? TileMemory.Rows / 4 : TileMemory.Rows / 2));
}

/// <summary>What a thread reads of a tile of weights that it is to bring to shared memory: as it is in global memory, so that
/// nothing waits for it before that.</summary>
public struct TilePart
{
    public RunWords Words;
    public Pack Scale;
}

/// <summary>Weights that come to shared memory in tiles of 16-bit numbers, see <see cref="TileMemory"/>, by 128
/// threads.</summary>
public interface ITileWeights
{
    /// <summary>What sums are to be multiplied with.</summary>
    float Scale { get; }

    /// <summary>Of a row.</summary>
    int Columns { get; }

    /// <summary>Begins to read the thread's part of the tile from <paramref name="column"/> on, where it is not a plain
    /// copy.</summary>
    /// <param name="thread">Of the 128.</param>
    TilePart Fetch(int thread, TileRows rows, int column);

    /// <summary>Whether <see cref="Put"/> begins plain copies, which go on by themselves.</summary>
    static abstract bool AreCopied { get; }

    /// <summary>Where they are in global memory, for plain copies.</summary>
    long Address { get; }

    /// <summary>Brings it to its place; in columns that do not exist come zeros or others of the row's numbers, for tokens are
    /// zeros there.</summary>
    /// <param name="address"><see cref="Address"/>, found once.</param>
    void Put(in TilePart part, int thread, uint tile, TileRows rows, int column, long address);
}

/// <summary>16-bit weights: rows × stride, copied while the group computes. A thread copies a piece of each of four
/// rows.</summary>
public readonly record struct ElementTiles(ArrayView<ushort> Weights, int Stride) : ITileWeights
{
    public static bool AreCopied => true;

    public float Scale => 1;

    public int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Stride;
    }

    public long Address
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TileMemory.AddressOf(Weights);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int thread, TileRows rows, int column) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(in TilePart part, int thread, uint tile, TileRows rows, int column, long address)
    {
        int piece = thread & 3;
        int row = thread >> 2;
        bool exists = column + (piece * 8) < Stride;
        int bytes = exists ? TileMemory.PieceBytes : 0;
        long from = address + (exists ? (column * sizeof(ushort)) + (piece * TileMemory.PieceBytes) : 0);
        long pitch = (long)Stride * sizeof(ushort);
        uint to = tile + TileMemory.At(row, piece);
        TileMemory.Copy(to, from + (rows.Source(row) * pitch), bytes);
        TileMemory.Copy(to + (32 * TileMemory.RowBytes), from + (rows.Source(row + 32) * pitch), bytes);
        TileMemory.Copy(to + (64 * TileMemory.RowBytes), from + (rows.Source(row + 64) * pitch), bytes);
        TileMemory.Copy(to + (96 * TileMemory.RowBytes), from + (rows.Source(row + 96) * pitch), bytes);
    }
}

/// <summary>
/// Weights in blocks, made halves on their way: a thread takes one run of one row. Halves are exact enough for what was rounded
/// to eight bits or fewer; 256 times as large they stay clear of the smallest ones.
/// </summary>
public readonly record struct BlockTiles<TFormat>(BlockWeights Weights) : ITileWeights
    where TFormat : struct, IPackedFormat
{
    static bool ITileWeights.AreCopied => false;

    private const float Larger = 256;

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    public float Scale => 1 / Larger;

    public int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Weights.Columns;
    }

    public long Address => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int thread, TileRows rows, int column)
    {
        int run = Run(column);
        long block = ((long)rows.Source(thread) * (Weights.Columns / TFormat.BlockLength)) + (run / RunsInBlock);
        return new TilePart
        {
            Words = TFormat.Words(Weights.Quants, block, run & (RunsInBlock - 1)),
            Scale = TFormat.ScaleWordsOf(Weights.Scales, block, run & (RunsInBlock - 1)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(in TilePart part, int thread, uint tile, TileRows rows, int column, long address)
    {
        int row = thread;
        int run = Run(column) & (RunsInBlock - 1);
        var quants = TFormat.Quants(part.Words, run);
        var scale = TFormat.ScaleOf(part.Scale, run);
        float low = scale.Low * Larger, lowOffset = scale.LowOffset * Larger;
        float high = scale.High * Larger, highOffset = scale.HighOffset * Larger;
        TileMemory.Store(tile + TileMemory.At(row, 0), Halves(quants.Low.A, quants.Low.B, low, lowOffset));
        TileMemory.Store(tile + TileMemory.At(row, 1), Halves(quants.Low.C, quants.Low.D, low, lowOffset));
        TileMemory.Store(tile + TileMemory.At(row, 2), Halves(quants.High.A, quants.High.B, high, highOffset));
        TileMemory.Store(tile + TileMemory.At(row, 3), Halves(quants.High.C, quants.High.D, high, highOffset));
    }

    // Past the end the last run is read again. As the second half of a stage of 64 columns it is multiplied, with tokens that are
    // zeros there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Run(int column) => IntrinsicMath.Min(column, Weights.Columns - BlockRun.Length) / BlockRun.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Halves(uint first, uint second, float scale, float offset)
    {
        // Unsigned bytes that are 128 more.
        (first, second) = (first ^ PackedBytes.Tops, second ^ PackedBytes.Tops);
        return new Pack
        {
            A = Pair(first, 0, scale, offset),
            B = Pair(first, 2, scale, offset),
            C = Pair(second, 0, scale, offset),
            D = Pair(second, 2, scale, offset),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Pair(uint bytes, int first, float scale, float offset) => Float16Tensor.Pair(
        Fused.MultiplyAdd(Number(bytes, first), scale, offset), Fused.MultiplyAdd(Number(bytes, first + 1), scale, offset));

    // Of four quants that are 128 more one as the last bits of a float: 2^23 + 128 + q, less 2^23 + 128.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Number(uint bytes, int i) =>
        Interop.IntAsFloat(PackedBytes.Permute(bytes, 0x4B000000, (uint)(0x7440 + i))) - 8388736f;
}
