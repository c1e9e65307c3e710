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
