using Mistral.Ilgpu.Constraints;

namespace Mistral.Ilgpu.Generation;

/// <summary>How a text is continued. The defaults take the likeliest tokens, 256 at most.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens that are generated, from 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 1.</exception>
    public int MaxTokens
    {
        get;
        init => field = value > 0 ? value : throw new ArgumentOutOfRangeException(nameof(MaxTokens), value, "expected 1 or more");
    } = 256;

    /// <summary>How a token is chosen from its logits.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>The text ends before the first of these.</summary>
    /// <exception cref="ArgumentException">One is empty.</exception>
    public IReadOnlyList<string> Stop
    {
        get;
        init => field = value.All(stop => stop.Length > 0)
            ? value
            : throw new ArgumentException("an empty stop string, expected text", nameof(Stop));
    } = [];

    /// <summary>Whether the tokens that end a text are like any other.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Change the logits before a token is chosen, in this order.</summary>
    public IReadOnlyList<ILogitProcessor> LogitProcessors { get; init; } = [];

    /// <summary>The form that the text must have; null for any. A text that reaches its most tokens may be the beginning of
    /// one.</summary>
    public Constraint? Constraint { get; init; }

    /// <summary>How many of the likeliest tokens come with each generated token's log-probability, from 0; null for no
    /// log-probabilities.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int? TopLogProbabilities { get; init => field = RequireCount(value, nameof(TopLogProbabilities)); }

    /// <summary>As <see cref="TopLogProbabilities"/>, for the tokens of the prompt after its first. Such a prompt is computed
    /// whole, without sharing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int? PromptLogProbabilities { get; init => field = RequireCount(value, nameof(PromptLogProbabilities)); }

    private static int? RequireCount(int? value, string name) =>
        value is null or >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, "expected 0 or more");
}
