using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>How activations of prompts are rounded to 16 bits.</summary>
internal static class RoundedPair
{
    /// <summary>Two numbers rounded to nearest, the lower half <paramref name="low"/>. What overflows becomes the largest
    /// number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Of<TTensor>(float low, float high)
        where TTensor : struct, ISplitFormat => TTensor.Pair(TTensor.Clamp(low), TTensor.Clamp(high));
}
