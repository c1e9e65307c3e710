using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// <see cref="RmsNormRow"/> for vector processors, one work item per row; also in eight bits with <see cref="AlsoInt8"/>, for
/// columns in whole runs of 32.
/// </summary>
[LaneForm]
public readonly record struct RmsNormLanes<TExtra>(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Gain,
    ArrayView<float> Output,
    Int8Input Quantized,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : IKernel, ILink
    where TExtra : struct, IRunResult
{
    public long Items => Rows.End(State) - Rows.First(State);

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
        var sums = LocalMemory.Allocate<float>(Lanes.Count);
        long row = Rows.First(State) + item;
        long from = (long)Rows.Token(State, (int)row) * Stride;
        Lanes.Clear(ref sums[0]);
        for (int i = 0; i < Columns; i += Lanes.Count)
        {
            Lanes.AddSquare(ref Input[from + i], ref sums[0]);
        }

        float scale = 1 / XMath.Sqrt((Lanes.Sum(ref sums[0]) / Columns) + Epsilon);
        long to = row * Stride;
        for (int i = 0; i < Columns; i += BlockRun.Length)
        {
            ref float low = ref Output[to + i];
            ref float high = ref Output[to + i + Lanes.Count];
            Lanes.Multiply(ref Input[from + i], scale, ref Gain[i], ref low);
            Lanes.Multiply(ref Input[from + i + Lanes.Count], scale, ref Gain[i + Lanes.Count], ref high);
            TExtra.Write(Quantized, row, i / BlockRun.Length, ref low, ref high);
        }
    }
}
