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
