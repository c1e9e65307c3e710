using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// y[r, i] = x[r, i] / √(mean over i of x[r, i]² + ε) × gain[i] (Zhang and Sennrich, arXiv 1910.07467, eq. 4).
/// x, y: rows × stride; gain: columns. Row r of Rows comes from the row of x that Rows names for it.
/// Row form: one work item per row, no barriers.
/// </summary>
public readonly record struct RmsNormRow(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Gain,
    ArrayView<float> Output,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int end = Rows.End(State);
        for (long row = Rows.First(State) + share.First; row < end; row += share.Count)
        {
            var x = Input.SubView((long)Rows.Token(State, (int)row) * Stride, Columns);
            var y = Output.SubView(row * Stride, Columns);
            float sum = 0;
            for (int i = 0; i < Columns; i++)
            {
                sum += x[i] * x[i];
            }

            float scale = 1 / XMath.Sqrt((sum / Columns) + Epsilon);
            for (int i = 0; i < Columns; i++)
            {
                y[i] = x[i] * scale * Gain[i];
            }
        }
    }
}

/// <summary>
/// <see cref="RmsNormRow"/> with one group per row: each item sums a strided share, the group adds the shares through
/// shared memory. Group size: a power of two up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
public readonly record struct RmsNormGroup(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Gain,
    ArrayView<float> Output,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : IKernel
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        int row = Rows.First(State) + Grid.IdxX;
        long from = (long)Rows.Token(State, row) * Stride;
        long to = (long)row * Stride;
        float sum = 0;
        for (int i = Group.IdxX; i < Columns; i += Group.DimX)
        {
            float x = Input[from + i];
            sum += x * x;
        }

        float scale = 1 / XMath.Sqrt((GroupReduce.Sum(shared, sum) / Columns) + Epsilon);
        for (int i = Group.IdxX; i < Columns; i += Group.DimX)
        {
            Output[to + i] = Input[from + i] * scale * Gain[i];
        }
    }
}

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
