namespace Mistral.Ilgpu.Generation;

/// <summary>Where the time of a text went.</summary>
/// <param name="PrefillTokens">Tokens of the prompt that were computed, those shared with other texts left out.</param>
/// <param name="PrefillTime">From the start of the first pass until the first token was chosen.</param>
/// <param name="DecodeTokens">Tokens chosen after the first, each from a pass of its own. One that ended the text counts.</param>
/// <param name="DecodeTime">From the first token until the last.</param>
/// <param name="FirstTokenTime">From the submission until the first token was chosen, the wait for a place included.</param>
public readonly record struct GenerationTimings(
    int PrefillTokens, TimeSpan PrefillTime, int DecodeTokens, TimeSpan DecodeTime, TimeSpan FirstTokenTime)
{
    /// <summary>From the submission until the text had its place in the cache.</summary>
    public TimeSpan QueueTime { get; init; }
}
