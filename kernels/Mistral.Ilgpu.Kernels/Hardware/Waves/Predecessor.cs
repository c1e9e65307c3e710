using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// The kernel before, which from sm_90 on may still be running when a recorded one begins ("programmatic dependent launch"). Its
/// groups take the place of those that end, and the time that a launch takes is hidden. Until it has awaited the one before, a
/// kernel may only do what depends on no other kernel, and only prefetch weights. On older GPUs the wait is left out, because
/// there kernels begin when the one before has ended.
/// </summary>
internal static class Predecessor
{
    /// <summary>
    /// Waits until the kernel before has ended and its writes are seen, and lets the next one begin. Every thread of a group
    /// calls it, before it reads or writes global memory and before it may end. The next kernel relies on this one to end after
    /// the one before it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(AwaitOnCuda))]
    public static void Await()
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AwaitOnCuda()
    {
        CudaAsm.Emit("griddepcontrol.wait;");
        CudaAsm.Emit("griddepcontrol.launch_dependents;");
    }
}
