using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Two IEEE halves of a word, decoded by the instructions that GPUs have for them.</summary>
internal static class HalfPair
{
    /// <summary>The lower one.</summary>
    [Bodies(Cuda = nameof(LowOnCuda)), Wave("result = wave_half((ushort)pair);"), IntrinsicImplementation]
    public static float Low(uint pair) => Float16.Decode((ushort)(pair & 0xFFFF));

    /// <summary>The upper one.</summary>
    [Bodies(Cuda = nameof(HighOnCuda)), Wave("result = wave_half((ushort)(pair >> 16));"), IntrinsicImplementation]
    public static float High(uint pair) => Float16.Decode((ushort)(pair >> 16));

    /// <summary>The lower one × x, and 0 for −0: the instruction of a fused multiply-add takes the conversion along.</summary>
    [Wave("result = wave_low_times(pair, x);"), IntrinsicImplementation]
    public static float LowTimes(uint pair, float x) => MathF.FusedMultiplyAdd(Float16.Decode((ushort)(pair & 0xFFFF)), x, 0);

    /// <summary>The same of the upper one.</summary>
    [Wave("result = wave_high_times(pair, x);"), IntrinsicImplementation]
    public static float HighTimes(uint pair, float x) => MathF.FusedMultiplyAdd(Float16.Decode((ushort)(pair >> 16)), x, 0);

    /// <summary>The lower one × x + added, rounded once.</summary>
    [Wave("result = wave_low_fma(pair, x, added);"), IntrinsicImplementation]
    public static float LowTimesPlus(uint pair, float x, float added) =>
        MathF.FusedMultiplyAdd(Float16.Decode((ushort)(pair & 0xFFFF)), x, added);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LowOnCuda(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, low; }", out float value, pair);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float HighOnCuda(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, high; }", out float value, pair);
        return value;
    }
}
