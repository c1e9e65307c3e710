using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>How far a compiler may reorder instructions. It changes no result.</summary>
internal static class Schedule
{
    /// <summary>
    /// Nothing moves past it. Clang's scheduler for AMD otherwise begins a long block with all its loads, which takes registers
    /// for all of them at once.
    /// </summary>
    [Bodies(Cuda = nameof(FenceOnCuda)), Wave("wave_fence();"), IntrinsicImplementation]
    public static void Fence()
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FenceOnCuda()
    {
    }
}
