using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Nine to sixteen.</summary>
public readonly struct SixteenTokens : ITokenBlocks
{
    public static bool AreTwo => true;

    public static int Tokens => 2 * StrandMemory.Tokens;
}
