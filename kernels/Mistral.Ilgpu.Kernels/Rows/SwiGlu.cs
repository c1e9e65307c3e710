using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// y[t, i] = silu(gate[t, i]) × up[t, i] with silu(v) = v / (1 + e^−v) (Shazeer, arXiv 2002.05202, eq. 5).
/// gateUp: tokens × inputStride, a row holding columns gates, then columns ups; y: tokens × outputStride.
/// Work is shared by element.
/// </summary>
public readonly record struct SwiGlu(
    StepState State,
    ArrayView<float> GateUp,
    ArrayView<float> Output,
    int Columns,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long end = (long)Tokens.End(State) * Columns;
        for (long i = ((long)Tokens.First(State) * Columns) + share.First; i < end; i += share.Count)
        {
            long token = i / Columns;
            long column = i % Columns;
            long from = (token * InputStride) + column;
            Output[(token * OutputStride) + column] = Gate.Silu(GateUp[from]) * GateUp[from + Columns];
        }
    }
}

/// <summary>
/// <see cref="SwiGlu"/> for vector processors; also in eight bits with <see cref="AlsoInt8"/>. Columns in whole runs of 32, by
/// which work is shared.
/// </summary>
[LaneForm]
public readonly record struct SwiGluLanes<TExtra>(
    StepState State,
    ArrayView<float> GateUp,
    ArrayView<float> Output,
    Int8Input Quantized,
    int Columns,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel, ILink
    where TExtra : struct, IRunResult
{
    public long Items => (long)(Tokens.End(State) - Tokens.First(State)) * (Columns / BlockRun.Length);

    public void Execute()
    {
        for (long item = WorkItems.First; item < Items; item += WorkItems.Count)
        {
            Do(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item)
    {
        int runs = Columns / BlockRun.Length;
        long token = Tokens.First(State) + (item / runs);
        int run = (int)(item % runs);
        long from = (token * InputStride) + (run * BlockRun.Length);
        long to = (token * OutputStride) + (run * BlockRun.Length);
        ref float low = ref Output[to];
        ref float high = ref Output[to + Lanes.Count];
        Lanes.SwiGlu(ref GateUp[from], ref GateUp[from + Columns], ref low);
        Lanes.SwiGlu(ref GateUp[from + Lanes.Count], ref GateUp[from + Columns + Lanes.Count], ref high);
        TExtra.Write(Quantized, token, run, ref low, ref high);
    }
}
