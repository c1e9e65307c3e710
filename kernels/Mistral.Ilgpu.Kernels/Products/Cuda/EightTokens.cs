namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>One to eight.</summary>
public readonly struct EightTokens : ITokenBlocks
{
    public static bool AreTwo => false;

    public static int Tokens => Strands.Tokens;
}
