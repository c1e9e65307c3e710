using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Arithmetic with its roundings as written. Two kernels that must give the same bits use it, so that no compiler chooses which
/// products to fuse with sums.
/// </summary>
internal static class Fused
{
    /// <summary>a × b + c rounded once.</summary>
    [Bodies(Cuda = nameof(MultiplyAddOnCuda)), Wave("result = fma(a, b, c);"), IntrinsicImplementation]
    public static float MultiplyAdd(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);

    /// <summary>a × b rounded, whatever is added to it. In OpenCL C no statement is fused with another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(MultiplyOnCuda))]
    public static float Multiply(float a, float b) => a * b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAddOnCuda(float a, float b, float c)
    {
        CudaAsm.Emit("fma.rn.f32 %0, %1, %2, %3;", out float result, a, b, c);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyOnCuda(float a, float b)
    {
        CudaAsm.Emit("mul.rn.f32 %0, %1, %2;", out float result, a, b);
        return result;
    }
}
