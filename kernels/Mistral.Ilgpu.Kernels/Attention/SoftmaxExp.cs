using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// e^x for x ≤ 0 as softmax needs it, of plain arithmetic that compilers vectorize. It is 2^(n + f) with n a whole number and f
/// in [−½, ½]. 2^f is its Taylor series to the sixth power, which is within 1.5e-7 of it. The result for 0 is exactly 1; below
/// −87 it stays at 1e-38.
/// </summary>
internal static class SoftmaxExp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of(float x)
    {
        const float Log2E = 1.44269504f;
        float t = x * Log2E;
        t = t < -126 ? -126 : t;
        int n = (int)(t - 0.5f);
        float f = t - n;
        float power = 1.54035304e-4f;
        power = (power * f) + 1.33335581e-3f;
        power = (power * f) + 9.61812911e-3f;
        power = (power * f) + 5.55041087e-2f;
        power = (power * f) + 2.40226507e-1f;
        power = (power * f) + 6.93147181e-1f;
        power = (power * f) + 1;
        return power * Interop.IntAsFloat((uint)((n + 127) << 23));
    }
}
