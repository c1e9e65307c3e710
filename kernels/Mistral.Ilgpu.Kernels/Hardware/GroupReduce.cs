using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware;

/// <summary>
/// Reductions over a group through shared memory, for devices without shuffles. Every item of the group must call them.
/// The order of the additions depends on the group size alone, which must be a power of two.
/// </summary>
public static class GroupReduce
{
    /// <summary>Largest group size, and the length of the shared array each reduction uses.</summary>
    public const int MaxGroupSize = 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(ArrayView<float> shared, float value)
    {
        int item = Group.IdxX;
        shared[item] = value;
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (item < half)
            {
                shared[item] += shared[item + half];
            }

            Group.Barrier();
        }

        float sum = shared[0];
        Group.Barrier();
        return sum;
    }
}
