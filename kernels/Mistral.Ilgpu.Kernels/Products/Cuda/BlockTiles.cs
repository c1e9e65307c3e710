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
        int run = Run(column + (half * BlockRun.Length)) & (RunsInBlock - 1);
        int piece = half * PiecesOfRun;
        var quants = TFormat.Quants(part.Words, run);
        var scale = TFormat.ScaleOf(part.Scale, run);
        float low = scale.Low * Larger, lowOffset = scale.LowOffset * Larger;
        float high = scale.High * Larger, highOffset = scale.HighOffset * Larger;
        TileMemory.Store(tile + TLayout.At(row, piece), Halves(quants.Low.A, quants.Low.B, low, lowOffset));
        TileMemory.Store(tile + TLayout.At(row, piece + 1), Halves(quants.Low.C, quants.Low.D, low, lowOffset));
        TileMemory.Store(tile + TLayout.At(row, piece + 2), Halves(quants.High.A, quants.High.B, high, highOffset));
        TileMemory.Store(tile + TLayout.At(row, piece + 3), Halves(quants.High.C, quants.High.D, high, highOffset));
    }

    // Past the end the last run is read again. As the second half of a stage of 64 columns it is multiplied, with tokens that are
    // zeros there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Run(int column) => IntrinsicMath.Min(column, Weights.Columns - BlockRun.Length) / BlockRun.Length;

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
