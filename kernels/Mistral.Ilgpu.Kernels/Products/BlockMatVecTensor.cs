using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// <see cref="BlockMatVecWarp{TFormat,TEpilogue}"/> for several tokens at once, on tensor cores: a group of 16 warps makes 16 rows (grid y) for
/// 8 or 16 tokens (grid x), so that weights are read once for all of them. A warp is one of the <see cref="Strands"/>. A run is one
/// product of whole numbers, two where its halves have scales of their own, and whole numbers have no rounding: every bit is that of the
/// form for one token.
/// </summary>
[GroupForm]
[CudaForm(80, GroupSize = Strands.GroupSize)]
public readonly record struct BlockMatVecTensor<TFormat, TTokens, TEpilogue>(
    StepState State,
    BlockWeights Weights,
    PackedInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IPackedFormat
    where TTokens : struct, ITokenBlocks
    where TEpilogue : struct, IEpilogue
{
    public void Execute()
    {
        Predecessor.Await();
        var shared = SharedMemory.Allocate<float>(Strands.SharedFloats);
        int firstRow = Grid.IdxY * Strands.Rows;
        int firstToken = Tokens.First(State) + (Grid.IdxX * TTokens.Tokens);
        int end = Tokens.End(State);
        if (firstToken >= end)
        {
            return;
        }

        var sums = Sum(firstRow, firstToken, end - 1);
        Strands.Save(shared, 0, sums.First);
        if (TTokens.AreTwo)
        {
            Strands.Save(shared, 1, sums.Second);
        }

        if (TEpilogue.IsGated)
        {
            Strands.Save(shared, 2, sums.GatedFirst);
        }

        if (TTokens.AreTwo && TEpilogue.IsGated)
        {
            Strands.Save(shared, 3, sums.GatedSecond);
        }

        Group.Barrier();
        int item = Group.IdxX;
        int row = firstRow + (item & (Strands.Rows - 1));
        int token = firstToken + (item / Strands.Rows);
        if (item < Strands.Rows * TTokens.Tokens && row < Rows && token < end)
        {
            float product = Strands.SumOfWarps(shared, 0, item);
            float second = TEpilogue.IsGated ? Strands.SumOfWarps(shared, 2, item) : 0;
            long to = ((long)token * OutputStride) + row;
            Output[to] = TEpilogue.Combine(Output[to], product, second);
        }
    }

    /// <summary>The warp's strand of all runs. Rows and tokens past the end repeat the last one; what they make is not written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Products Sum(int firstRow, int firstToken, int lastToken)
    {
        int top = IntrinsicMath.Min(firstRow + TensorLane.Row, Rows - 1);
        int bottom = IntrinsicMath.Min(firstRow + TensorLane.Row + (Strands.Rows / 2), Rows - 1);
        int runs = Weights.Columns / BlockRun.Length;
        var sums = default(Products);
        for (int run = TensorLane.Warp; run < runs; run += Strands.Count)
        {
            var weights = WeightsAt(top, bottom, run);
            var input = InputAt(firstToken, lastToken, run);
            sums.First = weights.MultiplyAdd(sums.First, input);
            if (TEpilogue.IsGated)
            {
                var gated = WeightsAt(Rows + top, Rows + bottom, run);
                sums.GatedFirst = gated.MultiplyAdd(sums.GatedFirst, input);
                if (TTokens.AreTwo)
                {
                    sums.GatedSecond = gated.MultiplyAdd(sums.GatedSecond, InputAt(firstToken + Strands.Tokens, lastToken, run));
                }
            }

            if (TTokens.AreTwo)
            {
                sums.Second = weights.MultiplyAdd(sums.Second, InputAt(firstToken + Strands.Tokens, lastToken, run));
            }
        }

        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RunRows<TFormat> WeightsAt(int top, int bottom, int run)
    {
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        int blocks = Weights.Columns / TFormat.BlockLength;
        int within = run & (runsInBlock - 1);
        return new RunRows<TFormat>(
            Weights, ((long)top * blocks) + (run / runsInBlock), ((long)bottom * blocks) + (run / runsInBlock), within, TensorLane.Index & 3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RunColumns InputAt(int firstToken, int lastToken, int run)
    {
        int runs = Input.Stride / BlockRun.Length;
        long values = ((long)IntrinsicMath.Min(firstToken + TensorLane.Row, lastToken) * (Input.Stride / 4)) + (run * 8) + (TensorLane.Index & 3);
        int column = firstToken + TensorLane.Column;
        return new RunColumns
        {
            Low = Input.Values[values],
            High = Input.Values[values + 4],
            First = Input.Runs[((long)IntrinsicMath.Min(column, lastToken) * runs) + run],
            Second = Input.Runs[((long)IntrinsicMath.Min(column + 1, lastToken) * runs) + run],
        };
    }

    private struct Products
    {
        public Sums16x8 First, Second, GatedFirst, GatedSecond;
    }
}
