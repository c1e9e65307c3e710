using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// How groups of a launch order what they write to global memory for one another. In OpenCL C 2.0 (3.3.4 and 6.13.8 of its
/// specification) a barrier with the fence of global memory orders it within a group. A fence of the device's scope on either
/// side of an atomic operation orders it among groups. Both are transitive.
/// </summary>
internal static class DeviceOrder
{
    /// <summary>A barrier of the group that orders global memory too.</summary>
    [Bodies(Cuda = nameof(BarrierOnCuda)), Wave("wave_order_globally();"), IntrinsicImplementation]
    public static void Barrier() => Group.Barrier();

    /// <summary>Adds one to a counter of all groups. Releases to them what the item has seen before, and acquires what those
    /// that have counted released.</summary>
    /// <returns>What it was.</returns>
    [Bodies(Cuda = nameof(CountUpOnCuda))]
    [Wave("wave_device_fence(); result = atomic_inc((volatile global int*)counter); wave_device_fence();")]
    [IntrinsicImplementation]
    public static int CountUp(ref int counter) => Atomic.Add(ref counter, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BarrierOnCuda() => Group.Barrier();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CountUpOnCuda(ref int counter)
    {
        MemoryFence.DeviceLevel();
        int before = Atomic.Add(ref counter, 1);
        MemoryFence.DeviceLevel();
        return before;
    }
}
