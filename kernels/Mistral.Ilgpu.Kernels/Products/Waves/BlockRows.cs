using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>Rows of weights in blocks times a token in eight bits, multiplied four at a time (<c>dp4a</c>), by forms with two
/// rows to a warp.</summary>
internal readonly struct BlockRows<TFormat, TEpilogue>
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    private readonly BlockWeights _weights;
    private readonly PackedInput _input;
    private readonly int _rows;

    /// <param name="rows">That are made; of a gated pair the second matrix begins behind so many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BlockRows(BlockWeights weights, PackedInput input, int rows) => (_weights, _input, _rows) = (weights, input, rows);

    /// <summary>The item's row, and that of its second matrix, in each of the sixteen lanes that share it: lane i takes runs i, i
    /// + 16, …</summary>
    /// <param name="row">Past the end the last one is summed once more, because shuffles need every lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (float First, float Second) Sum(int row, int token)
    {
        int source = IntrinsicMath.Min(row, _rows - 1);
        int strand = Group.IdxX & (Strands.Count - 1);
        int runs = _weights.Columns / BlockRun.Length;
        var sums = default(Sums);
        int run = strand;
        // Four runs are on their way before any is used, or two where there are no registers for more. Of a gated pair it is two
        // of each matrix, or one.
        for (; !TEpilogue.IsGated && !AreWide && run + (3 * Strands.Count) < runs; run += 4 * Strands.Count)
        {
            var (a, b) = (Load(source, run), Load(source, run + Strands.Count));
            var (c, d) = (Load(source, run + (2 * Strands.Count)), Load(source, run + (3 * Strands.Count)));
            sums = Step(sums, a, token, run);
            sums = Step(sums, b, token, run + Strands.Count);
            sums = Step(sums, c, token, run + (2 * Strands.Count));
            sums = Step(sums, d, token, run + (3 * Strands.Count));
        }

        bool areTwo = TEpilogue.IsGated ? TFormat.BlockLength == BlockRun.Length : AreWide;
        for (; areTwo && run + Strands.Count < runs; run += 2 * Strands.Count)
        {
            var (a, b) = (Load(source, run), Load(source, run + Strands.Count));
            sums = Step(sums, a, token, run);
            sums = Step(sums, b, token, run + Strands.Count);
        }

        for (; run < runs; run += Strands.Count)
        {
            sums = Step(sums, Load(source, run), token, run);
        }

        return (Wave.Sum16(sums.First), TEpilogue.IsGated ? Wave.Sum16(sums.Second) : 0);
    }

    // Bits whose number is no power of two lie in two places: in blocks of 256 the words of a run are four packs.
    private static bool AreWide
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength != BlockRun.Length && (TFormat.QuantBytes & (TFormat.QuantBytes - 1)) != 0;
    }

    // All runs of a lane have the same place in their blocks. There are as many strands as runs in two blocks, or in sixteen.
    private static int Within
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & ((TFormat.BlockLength / BlockRun.Length) - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LoadedRows Load(int row, int run)
    {
        var rows = default(LoadedRows);
        rows.First = LoadOne(row, run);
        if (TEpilogue.IsGated)
        {
            rows.Second = LoadOne(_rows + row, run);
        }

        return rows;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private LoadedRun LoadOne(int row, int run)
    {
        // Blocks can be counted in an int, their bytes cannot.
        long block = (row * (_weights.Columns / TFormat.BlockLength)) + (run / (TFormat.BlockLength / BlockRun.Length));
        return new LoadedRun
        {
            Words = TFormat.Words(_weights.Quants, block, Within),
            Scale = TFormat.ScaleWordsOf(_weights.Scales, block, Within)
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Sums Step(Sums sums, LoadedRows rows, int token, int run)
    {
        var x = _input.Values.Cast<Pack>();
        long at = ((long)token * (_input.Stride / BlockRun.Half)) + (2 * run);
        var (low, high) = (x[at], x[at + 1]);
        var input = _input.Runs[((long)token * (_input.Stride / BlockRun.Length)) + run];
        sums.First = Add(sums.First, rows.First, low, high, input);
        if (TEpilogue.IsGated)
        {
            sums.Second = Add(sums.Second, rows.Second, low, high, input);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Add(float sum, LoadedRun loaded, Pack low, Pack high, Floats4 input)
    {
        var quants = TFormat.Quants(loaded.Words, Within);
        return RunSum.Add<TFormat>(
            sum, Dp4a.Add(0, quants.Low, low), Dp4a.Add(0, quants.High, high), TFormat.ScaleOf(loaded.Scale, Within), input);
    }

    private struct LoadedRun
    {
        public RunWords Words;
        public Pack Scale;
    }

    private struct LoadedRows
    {
        public LoadedRun First, Second;
    }

    private struct Sums
    {
        public float First, Second;
    }
}
