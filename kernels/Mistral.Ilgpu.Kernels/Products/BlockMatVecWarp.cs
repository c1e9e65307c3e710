using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] with W in blocks and x in eight bits, multiplied four at a time (<c>dp4a</c>); also y += and the gated first
/// half of a feed-forward layer, see <see cref="IEpilogue"/>. W: rows × columns (of a gate 2·rows); x: the rows of a pass, those of Tokens
/// multiplied; y: tokens × outputStride.
/// A warp takes two rows (grid x, sixteen rows to a group) of one token (grid y); its lanes are the <see cref="Strands"/>: lane i of sixteen
/// takes runs i, i + 16, … No shared memory.
/// </summary>
[CudaForm(70, GroupSize = WarpRows.GroupSize)]
public readonly record struct BlockMatVecWarp<TFormat, TEpilogue>(
    StepState State,
    BlockWeights Weights,
    PackedInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Rows that a group of <see cref="WarpRows.GroupSize"/> makes.</summary>
    public const int RowsPerGroup = WarpRows.GroupSize / Strands.Count;

    public void Execute()
    {
        int token = Tokens.First(State) + Grid.IdxY;
        if (token >= Tokens.End(State))
        {
            return;
        }

        // A lane of a row past the end repeats the last one, for shuffles want every lane.
        int row = (Grid.IdxX * RowsPerGroup) + (Group.IdxX >> 4);
        int source = IntrinsicMath.Min(row, Rows - 1);
        int strand = Group.IdxX & (Strands.Count - 1);
        int runs = Weights.Columns / BlockRun.Length;
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

        float product = WarpRows.SumOfLanes(sums.First);
        float second = TEpilogue.IsGated ? WarpRows.SumOfLanes(sums.Second) : 0;
        if (strand == 0 && row < Rows)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Sums Step(Sums sums, int row, int token, int run)
    {
        var x = Input.Values.Cast<Pack>();
        long at = ((long)token * (Input.Stride / BlockRun.Half)) + (2 * run);
        var (low, high) = (x[at], x[at + 1]);
        var input = Input.Runs[((long)token * (Input.Stride / BlockRun.Length)) + run];
        sums.First = Add(sums.First, row, run, low, high, input);
        if (TEpilogue.IsGated)
        {
            sums.Second = Add(sums.Second, Rows + row, run, low, high, input);
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Add(float sum, int row, int run, Pack low, Pack high, Float4 input)
    {
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        long block = ((long)row * (Weights.Columns / TFormat.BlockLength)) + (run / runsInBlock);
        int within = run & (runsInBlock - 1);
        return RunSum.Add<TFormat>(
            sum,
            Dp4a.Add(0, TFormat.Half(Weights.Quants, block, within, 0), low),
            Dp4a.Add(0, TFormat.Half(Weights.Quants, block, within, 1), high),
            TFormat.Scale(Weights.Scales, block * TFormat.ScaleWords, within),
            input);
    }

    private struct Sums
    {
        public float First, Second;
    }
}
