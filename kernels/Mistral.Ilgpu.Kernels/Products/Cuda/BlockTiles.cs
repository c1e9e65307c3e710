using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// Weights in blocks, converted to 16-bit floats on their way: a thread takes one run of one row, which is half of a row of 128
/// bytes. Halves are exact enough,
/// because the weights were rounded to eight bits or fewer. 256 times as large they stay clear of the smallest halves.
/// </summary>
public readonly record struct BlockTiles<TFormat>(BlockWeights Weights) : ITileWeights
    where TFormat : struct, IPackedFormat
{
    static bool ITileWeights.AreCopied => false;

    internal const float Larger = 256;

    /// <summary>Of a float whose last bits are a whole number.</summary>
    internal const uint Exponent = 0x4B000000;

    // Its 16-bit floats.
    private const int PiecesOfRun = BlockRun.Length * sizeof(ushort) / TileMemory.PieceBytes;

    internal static int RunsInBlock
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
    public TilePart Fetch(int thread, TileRows rows, int column, int half)
    {
        int run = Run(column + (half * BlockRun.Length));
        long block = ((long)rows.Source(thread) * (Weights.Columns / TFormat.BlockLength)) + (run / RunsInBlock);
        return new TilePart
        {
            Words = TFormat.Words(Weights.Quants, block, run & (RunsInBlock - 1)),
            Scale = TFormat.ScaleWordsOf(Weights.Scales, block, run & (RunsInBlock - 1)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<TLayout>(in TilePart part, int thread, uint tile, TileRows rows, int column, int half, long address)
        where TLayout : struct, ITileLayout
    {
        int row = thread;
        int piece = half * PiecesOfRun;
        var run = Unpack(part, Run(column + (half * BlockRun.Length)) & (RunsInBlock - 1), Exponent);
        TileMemory.Store(tile + TLayout.At(row, piece), run.First);
        TileMemory.Store(tile + TLayout.At(row, piece + 1), run.Second);
        TileMemory.Store(tile + TLayout.At(row, piece + 2), run.Third);
        TileMemory.Store(tile + TLayout.At(row, piece + 3), run.Fourth);
    }

    /// <summary>Converts a run.</summary>
    /// <param name="exponent"><see cref="Exponent"/>, also where it stays in a register.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static UnpackedRun Unpack(in TilePart part, int run, uint exponent)
    {
        var quants = TFormat.Quants(part.Words, run);
        var scale = TFormat.ScaleOf(part.Scale, run);
        float low = scale.Low * Larger, lowOffset = scale.LowOffset * Larger;
        float high = scale.High * Larger, highOffset = scale.HighOffset * Larger;
        return new UnpackedRun
        {
            First = Halves(quants.Low.A, quants.Low.B, low, lowOffset, exponent),
            Second = Halves(quants.Low.C, quants.Low.D, low, lowOffset, exponent),
            Third = Halves(quants.High.A, quants.High.B, high, highOffset, exponent),
            Fourth = Halves(quants.High.C, quants.High.D, high, highOffset, exponent),
        };
    }

    // Past the end the last run is read again. As the second half of a stage of 64 columns it is multiplied, with tokens that are
    // zeros there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Run(int column) => IntrinsicMath.Min(column, Weights.Columns - BlockRun.Length) / BlockRun.Length;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Halves(uint first, uint second, float scale, float offset, uint exponent)
    {
        // Unsigned bytes that are 128 more.
        (first, second) = (first ^ PackedBytes.Tops, second ^ PackedBytes.Tops);
        return new Pack
        {
            A = Pair(first, 0, scale, offset, exponent),
            B = Pair(first, 2, scale, offset, exponent),
            C = Pair(second, 0, scale, offset, exponent),
            D = Pair(second, 2, scale, offset, exponent),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Pair(uint bytes, int first, float scale, float offset, uint exponent) => Float16Tensor.Pair(
        Fused.MultiplyAdd(Number(bytes, first, exponent), scale, offset),
        Fused.MultiplyAdd(Number(bytes, first + 1, exponent), scale, offset));

    // Of four quants that are 128 more one as the last bits of a float: 2^23 + 128 + q, less 2^23 + 128.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Number(uint bytes, int i, uint exponent) =>
        Interop.IntAsFloat(PackedBytes.Permute(bytes, exponent, (uint)(0x7440 + i))) - 8388736f;
}
