using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>One to eight.</summary>
public readonly struct EightTokens : ITokenBlocks
{
    public static bool AreTwo => false;

    public static int Tokens => StrandMemory.Tokens;
}
