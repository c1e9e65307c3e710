using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>How activations are rounded to eight bits.</summary>
internal static class Int8Rounding
{
    /// <summary>What a run of that scale is multiplied with. A run of zeros has no scale; one so small that its inverse overflows
    /// rounds to zeros too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Inverse(float scale) => scale > 1e-37f ? 1 / scale : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Round(float x, float inverse) => Round(x * inverse);

    /// <summary>To the nearest, halves away from zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Round(float scaled) => (int)(scaled + (scaled < 0 ? -0.5f : 0.5f));
}
