namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>An attempt failed, and another may not.</summary>
/// <param name="message">The failure, as <see cref="HubException"/> tells it if no attempt succeeds.</param>
internal sealed class TransientException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>How long the server asks to wait; null if it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
