using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The kernel before, which from sm_90 on may still be running when a recorded one begins ("programmatic dependent launch"): its
/// groups take the place of those that end, and the time that a launch takes is hidden. A kernel that awaits it may until then do
/// what depends on no other kernel, and touch no memory but to prefetch weights. On older GPUs the wait is left out, for there
/// kernels begin when the one before has ended.
/// </summary>
internal static class Predecessor
{
    /// <summary>
    /// Waits until the kernel before has ended and its writes are seen, and lets the next one begin. For every thread of a group,
    /// before it reads or writes global memory and before it may end: the next kernel counts on this one's not having ended
    /// before the one before it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Await()
    {
        CudaAsm.Emit("griddepcontrol.wait;");
        CudaAsm.Emit("griddepcontrol.launch_dependents;");
    }
}
