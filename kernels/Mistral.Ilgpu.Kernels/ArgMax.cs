using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// result[0] = the smallest index at which values is largest. values: count.
/// Row form: one work item reads everything, no barriers.
/// </summary>
public readonly record struct ArgMaxRow(ArrayView<float> Values, ArrayView<int> Result, int Count) : IKernel
{
    public void Execute()
    {
        if (WorkItems.First > 0)
        {
            return;
        }

        int best = 0;
        float largest = Values[0];
        for (int i = 1; i < Count; i++)
        {
            float value = Values[i];
            if (value > largest)
            {
                largest = value;
                best = i;
            }
        }

        Result[0] = best;
    }
}

/// <summary>
/// <see cref="ArgMaxRow"/> with one group: each item takes a strided share, the shares meet in shared memory.
/// Group size: a power of two up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
public readonly record struct ArgMaxGroup(ArrayView<float> Values, ArrayView<int> Result, int Count) : IKernel
{
    public void Execute()
    {
        var values = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        var indices = SharedMemory.Allocate<int>(GroupReduce.MaxGroupSize);
        int item = Group.IdxX;
        float largest = float.NegativeInfinity;
        int best = int.MaxValue;
        for (int i = item; i < Count; i += Group.DimX)
        {
            float value = Values[i];
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
            Result[0] = indices[0];
        }
    }
}
