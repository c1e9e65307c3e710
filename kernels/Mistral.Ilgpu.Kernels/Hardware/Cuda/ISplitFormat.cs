namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// 16-bit formats into two of which a float32 can be split, x ≈ high + low. Tensor cores then multiply it with twice the bits:
/// one product alone would round x to eight bits or eleven.
/// </summary>
public interface ISplitFormat : ITensorFormat
{
    /// <summary>The nearest number that rounds to a finite one.</summary>
    static abstract float Clamp(float value);

    /// <summary>The lower number of a pair.</summary>
    static abstract float Low(uint pair);

    /// <summary>The upper one.</summary>
    static abstract float High(uint pair);
}
