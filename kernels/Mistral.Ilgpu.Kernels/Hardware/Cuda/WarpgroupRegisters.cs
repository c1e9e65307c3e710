using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// How the registers of a group of three warpgroups are shared out (<c>setmaxnreg</c>). A kernel of 384 threads has 168 for
/// each. A warpgroup that only brings tiles gives most of its own to the two that multiply: 40 + 2 × 232 = 3 × 168. One that
/// unpacks too gives some: 88 + 2 × 208. All threads of a warpgroup must come here.
/// </summary>
internal static class WarpgroupRegisters
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Give() => CudaAsm.Emit("setmaxnreg.dec.sync.aligned.u32 40;");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Take() => CudaAsm.Emit("setmaxnreg.inc.sync.aligned.u32 232;");

    /// <summary>By the warpgroup that unpacks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void GiveSome() => CudaAsm.Emit("setmaxnreg.dec.sync.aligned.u32 88;");

    /// <summary>By the two beside it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TakeSome() => CudaAsm.Emit("setmaxnreg.inc.sync.aligned.u32 208;");
}
