using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// <see cref="ArgMaxRow"/> with one group per row: each item takes a strided share, the shares meet in shared memory.
/// Group size: a power of two up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
public readonly record struct ArgMaxGroup(ArrayView<float> Values, ArrayView<int> Result, int Columns, int Stride) : IKernel
{
    public void Execute()
    {
        var values = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        var indices = SharedMemory.Allocate<int>(GroupReduce.MaxGroupSize);
        int item = Group.IdxX;
        long from = (long)Grid.IdxX * Stride;
        float largest = float.NegativeInfinity;
        int best = int.MaxValue;
        for (int i = item; i < Columns; i += Group.DimX)
        {
            float value = Values[from + i];
            if (value > largest || best == int.MaxValue)
            {
                largest = value;
                best = i;
            }
        }

        values[item] = largest;
        indices[item] = best;
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (item < half)
            {
                float other = values[item + half];
                int otherIndex = indices[item + half];
                if (other > values[item] || (other == values[item] && otherIndex < indices[item]))
                {
                    values[item] = other;
                    indices[item] = otherIndex;
                }
            }

            Group.Barrier();
        }

        if (item == 0)
        {
            Result[Grid.IdxX] = indices[0];
        }
    }
}
