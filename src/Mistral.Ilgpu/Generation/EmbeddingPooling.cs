namespace Mistral.Ilgpu.Generation;

/// <summary>How the hidden states of a text's tokens, after the last norm, become one vector.</summary>
public enum EmbeddingPooling
{
    /// <summary>The mean over all tokens.</summary>
    Mean,

    /// <summary>The last token's.</summary>
    LastToken,
}
