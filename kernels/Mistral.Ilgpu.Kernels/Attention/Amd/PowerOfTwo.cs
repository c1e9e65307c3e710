using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>Powers of two by the instruction that AMD's GPUs have for them.</summary>
internal static class PowerOfTwo
{
    /// <summary>2^x; 0 for what is far below any score, 1 for 0.</summary>
    [Wave("result = wave_exp2(x);"), IntrinsicImplementation]
    public static float Of(float x) => float.Exp2(x);
}
