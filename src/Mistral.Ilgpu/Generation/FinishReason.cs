namespace Mistral.Ilgpu.Generation;

/// <summary>Why a text has ended.</summary>
public enum FinishReason
{
    /// <summary>The model ended the text, or a stop string did, see <see cref="TextGeneration.StopText"/>.</summary>
    Stop,

    /// <summary>As many tokens as wanted, or as the context holds.</summary>
    Length,

    /// <summary>Its caller cancelled it, or the engine was stopped.</summary>
    Cancelled,

    /// <summary>Its deadline passed.</summary>
    Deadline,
}
