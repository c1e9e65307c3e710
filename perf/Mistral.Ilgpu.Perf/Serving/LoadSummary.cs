namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>The figures of a run, under the names of vLLM's benchmark.</summary>
internal sealed class LoadSummary(IReadOnlyList<TextTimes> texts)
{
    private readonly double _seconds = texts.Max(text => text.Ended) - texts.Min(text => text.Begun);

    /// <summary>Texts that ended in a second.</summary>
    public double RequestThroughput => texts.Count / _seconds;

    /// <summary>Tokens generated in a second.</summary>
    public double OutputThroughput => texts.Sum(text => text.Tokens) / _seconds;

    /// <summary>Tokens read and generated in a second.</summary>
    public double TotalThroughput => texts.Sum(text => text.PromptTokens + text.Tokens) / _seconds;

    /// <summary>The part of the prompts' tokens that was in the cache.</summary>
    public double CachedPart => (double)texts.Sum(text => text.CachedTokens) / texts.Sum(text => text.PromptTokens);

    /// <summary>Milliseconds from submission to the first part, of each text.</summary>
    public Quantiles FirstToken { get; } = new([.. texts.Select(text => 1000 * (text.Events[0] - text.Begun))]);

    /// <summary>Milliseconds from one part to the next, over all texts.</summary>
    public Quantiles BetweenParts { get; } =
        new([.. texts.SelectMany(text => text.Events.Zip(text.Events.Skip(1), (before, after) => 1000 * (after - before)))]);

    /// <summary>Milliseconds of a token after the first, of each text.</summary>
    public Quantiles PerToken { get; } = new(
        [.. texts.Where(text => text.Tokens > 1).Select(text => 1000 * (text.Ended - text.Events[0]) / (text.Tokens - 1))]);

    /// <summary>Milliseconds from submission to the end, of each text.</summary>
    public Quantiles Whole { get; } = new([.. texts.Select(text => 1000 * (text.Ended - text.Begun))]);
}
