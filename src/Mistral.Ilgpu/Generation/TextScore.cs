namespace Mistral.Ilgpu.Generation;

/// <summary>How probable a model finds a text.</summary>
/// <param name="Ids">The tokens of the text.</param>
/// <param name="LogProbabilities">Natural logarithms, of each token after the first given those before it.</param>
/// <param name="TopLogProbabilities">The likeliest tokens in the place of each token after the first; empty unless asked
/// for.</param>
public sealed record TextScore(
    IReadOnlyList<int> Ids, IReadOnlyList<double> LogProbabilities,
    IReadOnlyList<IReadOnlyList<TokenLogProbability>> TopLogProbabilities)
{
    /// <summary>e to the mean negative log-probability; null where there is but one token.</summary>
    public double? Perplexity => LogProbabilities.Count > 0 ? Math.Exp(-LogProbabilities.Average()) : null;

    /// <summary>The logits of what may follow the last token; empty unless asked for.</summary>
    internal IReadOnlyList<float> LastLogits { get; init; } = [];
}
