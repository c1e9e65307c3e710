using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary><see cref="QuantizeInput"/> for vector processors.</summary>
[LaneForm]
public readonly record struct QuantizeInputLanes(
    StepState State,
    ArrayView<float> Input,
    Int8Input Output,
    int InputStride,
    RowRange Tokens) : IKernel, ILink
{
    public long Items => (long)(Tokens.End(State) - Tokens.First(State)) * (Output.Stride / BlockRun.Length);

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
        int runs = Output.Stride / BlockRun.Length;
        long row = Tokens.First(State) + (item / runs);
        int run = (int)(item % runs);
        long from = (row * InputStride) + (run * BlockRun.Length);
        AlsoInt8.Write(Output, row, run, ref Input[from], ref Input[from + Lanes.Count]);
    }
}
