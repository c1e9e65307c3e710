using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>IEEE half on matrix cores.</summary>
public readonly struct Float16Pairs : IPairFormat
{
    private const float Largest = 65504;

    public static bool IsBFloat16 => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pair(float low, float high) => HalfPairs.Halves(Clamp(low), Clamp(high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Clamp(float value) => IntrinsicMath.Min(IntrinsicMath.Max(value, -Largest), Largest);
}
