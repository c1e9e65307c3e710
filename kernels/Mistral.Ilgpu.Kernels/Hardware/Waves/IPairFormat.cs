namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>A 16-bit format of matrix cores.</summary>
public interface IPairFormat
{
    /// <summary>Whether it is bfloat16; otherwise it is IEEE half.</summary>
    static abstract bool IsBFloat16 { get; }

    /// <summary>Two numbers rounded to nearest, the lower half <paramref name="low"/>. What overflows becomes the largest
    /// number.</summary>
    static abstract uint Pair(float low, float high);
}
