namespace Mistral.Ilgpu.Generation;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    public int MaxTokens
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaxTokens), value, "expected 1 or more");
    } = 256;

    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>The text ends before the first of these.</summary>
    public IReadOnlyList<string> Stop
    {
        get;
        init => field = value.All(stop => stop.Length > 0)
            ? value
            : throw new ArgumentException("an empty stop string, expected text", nameof(Stop));
    } = [];

    /// <summary>Whether the tokens that end a text are like any other.</summary>
    public bool IgnoreEos { get; init; }
}

public enum FinishReason
{
    /// <summary>The model ended the text, or a stop string did.</summary>
    Stop,

    /// <summary>As many tokens as wanted, or as the context holds.</summary>
    Length,

    Cancelled,
}

/// <summary>A step of a text as it is generated.</summary>
/// <param name="Id">Null where text that was held back follows the last token.</param>
/// <param name="Text">What is certain now; empty while a character or a stop string may still be under way.</param>
public readonly record struct GeneratedToken(int? Id, string Text);

/// <summary>Where the time went.</summary>
/// <param name="PrefillTokens">Tokens of the prompt that the model had to read.</param>
/// <param name="PrefillTime">Until the first token was chosen.</param>
/// <param name="DecodeTokens">Tokens chosen after the first, each from a pass of its own; one that ended the text counts.</param>
/// <param name="FirstTokenTime">From the start until the first token was handed out.</param>
public readonly record struct GenerationTimings(
    int PrefillTokens, TimeSpan PrefillTime, int DecodeTokens, TimeSpan DecodeTime, TimeSpan FirstTokenTime);
