namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>What scores begin from.</summary>
internal static class AttentionScore
{
    /// <summary>Below any score: a masked key's, and the largest of none.</summary>
    public const float Masked = -1e30f;
}
