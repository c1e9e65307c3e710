using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// What is computed before a loop and stays in a register. ILGPU moves what depends on nothing in the loop to where it is used,
/// and so it is computed in each round anew. A move in inline PTX stays where it is written.
/// </summary>
internal static class Hoisted
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(int value)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out int hoisted, value);
        return hoisted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of(uint value)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out uint hoisted, value);
        return hoisted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of(float value)
    {
        CudaAsm.Emit("mov.f32 %0, %1;", out float hoisted, value);
        return hoisted;
    }
}
