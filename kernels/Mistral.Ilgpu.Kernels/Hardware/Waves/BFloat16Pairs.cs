using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>bfloat16 on matrix cores.</summary>
public readonly struct BFloat16Pairs : IPairFormat
{
    public static bool IsBFloat16 => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pair(float low, float high) => HalfPairs.BFloats(low, high);
}
