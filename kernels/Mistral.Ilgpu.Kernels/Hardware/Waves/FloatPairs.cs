using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>Arithmetic on two floats, which CDNA2 and CDNA3 do in one instruction. Written as vectors, because clang finds few
/// pairs itself.</summary>
internal static class FloatPairs
{
    [Wave("{ float2 both = (float2)(low, high) * by; result.field_0 = both.x; result.field_1 = both.y; }"),
        IntrinsicImplementation]
    public static FloatPair Multiply(float low, float high, float by) => new() { Low = low * by, High = high * by };

    /// <summary>See <see cref="WholeFloat.Of"/>.</summary>
    [Wave("{ float2 both = as_float2((int2)(low, high)) - 12582912.0f; result.field_0 = both.x; result.field_1 = both.y; }"),
        IntrinsicImplementation]
    public static FloatPair OfWhole(int low, int high) => new() { Low = WholeFloat.Of(low), High = WholeFloat.Of(high) };
}
