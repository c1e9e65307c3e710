namespace Mistral.Ilgpu.Generation;

public enum FinishReason
{
    /// <summary>The model ended the text, or a stop string did.</summary>
    Stop,

    /// <summary>As many tokens as wanted, or as the context holds.</summary>
    Length,

    Cancelled,
}
