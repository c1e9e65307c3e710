using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>Numbers of 16 bits, two to a word, made of others and rounded to nearest.</summary>
internal static class HalfPairs
{
    /// <summary>
    /// Bytes <paramref name="first"/> and the next of four unsigned ones, each × scale + offset, as IEEE halves rounded once.
    /// AMD's instructions convert any byte of a word, and round a float32 sum to half as they add (v_cvt_f32_ubyte,
    /// v_fma_mixlo_f16).
    /// </summary>
    /// <param name="first">0 or 2, a constant.</param>
    [Bodies(Cuda = nameof(OfBytesOnCuda)), Wave("result = wave_half_pair(bytes, first, scale, offset);"), IntrinsicImplementation]
    public static uint OfBytes(uint bytes, int first, float scale, float offset) => Halves(
        MathF.FusedMultiplyAdd((bytes >> (8 * first)) & 255, scale, offset),
        MathF.FusedMultiplyAdd((bytes >> (8 * (first + 1))) & 255, scale, offset));

    /// <summary>IEEE halves, the lower half <paramref name="low"/>.</summary>
    [Bodies(Cuda = nameof(HalvesOnCuda)), Wave("result = wave_halves(low, high);"), IntrinsicImplementation]
    public static uint Halves(float low, float high) =>
        BitConverter.HalfToUInt16Bits((System.Half)low) | ((uint)BitConverter.HalfToUInt16Bits((System.Half)high) << 16);

    /// <summary>The same in bfloat16.</summary>
    [Bodies(Cuda = nameof(BFloatsOnCuda)), Wave("result = wave_bfloats(low, high);"), IntrinsicImplementation]
    public static uint BFloats(float low, float high) => BFloat(low) | (BFloat(high) << 16);

    /// <summary>A byte becomes the last bits of a float, 2^23 + byte, because conversions are slow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint OfBytesOnCuda(uint bytes, int first, float scale, float offset) => HalvesOnCuda(
        Fused.MultiplyAdd(ByteOnCuda(bytes, first), scale, offset),
        Fused.MultiplyAdd(ByteOnCuda(bytes, first + 1), scale, offset));

    /// <summary>One by one, because both at once need an sm_80.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HalvesOnCuda(float low, float high)
    {
        CudaAsm.Emit(
            "{ .reg .b16 low, high; cvt.rn.f16.f32 low, %1; cvt.rn.f16.f32 high, %2; mov.b32 %0, {low, high}; }",
            out uint pair, low, high);
        return pair;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint BFloatsOnCuda(float low, float high) => BFloat(low) | (BFloat(high) << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ByteOnCuda(uint bytes, int i)
    {
        CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint number, bytes, 0x4B000000u, (uint)(0x7440 + i));
        return Interop.IntAsFloat(number) - 8388608f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint BFloat(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        return (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16;
    }
}
