using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>How many tokens a kernel for few takes at once.</summary>
public interface ITokenBlocks
{
    /// <summary>Whether there is a second block of eight.</summary>
    static abstract bool AreTwo { get; }

    static abstract int Tokens { get; }
}
