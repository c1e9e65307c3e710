using System.Runtime.CompilerServices;
using ILGPU.Algorithms;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>The gate of SwiGLU.</summary>
internal static class Gate
{
    /// <summary>v / (1 + e^−v).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Silu(float value) => value / (1 + XMath.Exp(-value));

    /// <summary>The same to two units in the last place of the division, which then has no branch for rare operands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(FastSiluOnCuda))]
    public static float FastSilu(float value) => Silu(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FastSiluOnCuda(float value)
    {
        CudaAsm.Emit("div.full.f32 %0, %1, %2;", out float quotient, value, 1 + XMath.Exp(-value));
        return quotient;
    }
}
