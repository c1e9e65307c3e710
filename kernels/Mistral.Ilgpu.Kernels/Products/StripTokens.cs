namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>How many tokens a strip's weights are decoded for at once.</summary>
internal static class StripTokens
{
    public const int AtOnce = 4;
}
