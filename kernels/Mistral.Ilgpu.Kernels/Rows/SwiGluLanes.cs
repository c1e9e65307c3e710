using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

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
