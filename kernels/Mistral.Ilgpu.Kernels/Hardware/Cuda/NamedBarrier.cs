using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// Barriers of a part of a group. Number 0 is that of the whole group, 15 more are free. Some threads wait, others only arrive:
/// they go on, and what they did in shared memory comes before what those do that waited.
/// </summary>
internal static class NamedBarrier
{
    /// <summary>Waits until <paramref name="threads"/> are there, those that arrive counted.</summary>
    /// <param name="threads">A multiple of a warp.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Wait(int barrier, int threads) => CudaAsm.Emit("bar.sync %0, %1;", barrier, threads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Arrive(int barrier, int threads) => CudaAsm.Emit("bar.arrive %0, %1;", barrier, threads);

    /// <summary>Waits for the whole group, whose threads may come to it in different places of the kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WaitForAll() => CudaAsm.Emit("bar.sync 0;");
}
