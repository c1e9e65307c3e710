using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Whole numbers below 2²² as floats, without a conversion. That takes four times as long as a sum on CDNA. A number is counted
/// from the bits of 1.5 × 2²³ on, whose last bit is worth 1, so its float is one subtraction away. It is exact.
/// </summary>
internal static class WholeFloat
{
    /// <summary>Where to begin to count.</summary>
    public const int Zero = 0x4B400000;

    /// <summary>The same as a float.</summary>
    public const float ZeroValue = 12582912f;

    /// <param name="counted">The number + <see cref="Zero"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Of(int counted) => Interop.IntAsFloat((uint)counted) - ZeroValue;
}
