using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// What is computed before a loop and stays in a register. ILGPU moves what depends on nothing in the loop to where it is used,
/// and so it is computed in each round anew. A move in inline PTX stays where it is written. Compilers of OpenCL C hoist it
/// again.
/// </summary>
internal static class Hoisted
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(OnCuda))]
    public static int Of(int value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(OnCuda))]
    public static uint Of(uint value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(OnCuda))]
    public static long Of(long value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(OnCuda))]
    public static float Of(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OnCuda(int value)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out int hoisted, value);
        return hoisted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint OnCuda(uint value)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out uint hoisted, value);
        return hoisted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long OnCuda(long value)
    {
        CudaAsm.Emit("mov.b64 %0, %1;", out long hoisted, value);
        return hoisted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float OnCuda(float value)
    {
        CudaAsm.Emit("mov.f32 %0, %1;", out float hoisted, value);
        return hoisted;
    }
}
