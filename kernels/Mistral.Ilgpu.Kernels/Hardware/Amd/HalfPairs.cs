using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>Numbers of 16 bits, two to a word, made of others and rounded to nearest.</summary>
internal static class HalfPairs
{
    /// <summary>
    /// Bytes <paramref name="first"/> and the next of four unsigned ones, each × scale + offset, as IEEE halves rounded once.
    /// AMD's instructions convert any byte of a word, and round a float32 sum to half as they add (v_cvt_f32_ubyte,
    /// v_fma_mixlo_f16).
    /// </summary>
    /// <param name="first">0 or 2, a constant.</param>
    [Wave("result = wave_half_pair(bytes, first, scale, offset);"), IntrinsicImplementation]
    public static uint OfBytes(uint bytes, int first, float scale, float offset) => Halves(
        MathF.FusedMultiplyAdd((bytes >> (8 * first)) & 255, scale, offset),
        MathF.FusedMultiplyAdd((bytes >> (8 * (first + 1))) & 255, scale, offset));

    /// <summary>IEEE halves, the lower half <paramref name="low"/>.</summary>
    [Wave("result = wave_halves(low, high);"), IntrinsicImplementation]
    public static uint Halves(float low, float high) =>
        BitConverter.HalfToUInt16Bits((System.Half)low) | ((uint)BitConverter.HalfToUInt16Bits((System.Half)high) << 16);

    /// <summary>The same in bfloat16.</summary>
    [Wave("result = wave_bfloats(low, high);"), IntrinsicImplementation]
    public static uint BFloats(float low, float high) => BFloat(low) | (BFloat(high) << 16);

    private static uint BFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16;
    }
}
