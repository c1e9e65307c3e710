using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware;

namespace Mistral.Ilgpu.Kernels.Rows;

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
