using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>Rows of weights in blocks times a token in eight bits, multiplied four at a time (<c>dp4a</c>), by forms with two rows to a warp.</summary>
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

    /// <summary>The item's row, and that of its second matrix, in each of the sixteen lanes that share it: lane i takes runs i, i + 16, …</summary>
    /// <param name="row">Past the end the last one is summed once more, for shuffles want every lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (float First, float Second) Sum(int row, int token)
    {
        int source = IntrinsicMath.Min(row, _rows - 1);
        int strand = Group.IdxX & (Strands.Count - 1);
        int runs = _weights.Columns / BlockRun.Length;
        var sums = default(Sums);
        int run = strand;
        for (; run + (3 * Strands.Count) < runs; run += 4 * Strands.Count)
        {
            sums = Step(sums, source, token, run);
            sums = Step(sums, source, token, run + Strands.Count);
            sums = Step(sums, source, token, run + (2 * Strands.Count));
            sums = Step(sums, source, token, run + (3 * Strands.Count));
        }

        for (; run < runs; run += Strands.Count)
        {
            sums = Step(sums, source, token, run);
        }

        return (WarpRows.SumOfLanes(sums.First), TEpilogue.IsGated ? WarpRows.SumOfLanes(sums.Second) : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Sums Step(Sums sums, int row, int token, int run)
    {
        var x = _input.Values.Cast<Pack>();
        long at = ((long)token * (_input.Stride / BlockRun.Half)) + (2 * run);
        var (low, high) = (x[at], x[at + 1]);
        var input = _input.Runs[((long)token * (_input.Stride / BlockRun.Length)) + run];
        sums.First = Add(sums.First, row, run, low, high, input);
        if (TEpilogue.IsGated)
        {
            sums.Second = Add(sums.Second, _rows + row, run, low, high, input);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Add(float sum, int row, int run, Pack low, Pack high, Float4 input)
    {
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        long block = ((long)row * (_weights.Columns / TFormat.BlockLength)) + (run / runsInBlock);
        int within = run & (runsInBlock - 1);
        return RunSum.Add<TFormat>(
            sum,
            Dp4a.Add(0, TFormat.Half(_weights.Quants, block, within, 0), low),
            Dp4a.Add(0, TFormat.Half(_weights.Quants, block, within, 1), high),
            TFormat.Scale(_weights.Scales, block * TFormat.ScaleWords, within),
            input);
    }

    private struct Sums
    {
        public float First, Second;
    }
}
