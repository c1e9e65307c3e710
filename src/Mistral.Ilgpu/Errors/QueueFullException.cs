namespace Mistral.Ilgpu;

/// <summary>An engine has as many waiting texts as it may have. The text may be submitted again later.</summary>
public sealed class QueueFullException : MistralException
{
    internal QueueFullException(int maxWaiting)
        : base(FormattableString.Invariant($"{maxWaiting} texts wait already, expected fewer; submit the text again later")) =>
        MaxWaiting = maxWaiting;

    /// <summary>Texts that may wait at once.</summary>
    public int MaxWaiting { get; }
}
