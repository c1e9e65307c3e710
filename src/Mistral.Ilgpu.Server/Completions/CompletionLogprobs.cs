namespace Mistral.Ilgpu.Server.Completions;

/// <summary>The log-probabilities of tokens, in lists of the same length.</summary>
/// <param name="TextOffset">Where each token begins in the choice's text.</param>
/// <param name="TokenLogprobs">Null for the first token of a prompt.</param>
/// <param name="TopLogprobs">The likeliest tokens in each place; null for the first token of a prompt.</param>
internal sealed record CompletionLogprobs(
    IReadOnlyList<int> TextOffset, IReadOnlyList<double?> TokenLogprobs, IReadOnlyList<string> Tokens,
    IReadOnlyList<IReadOnlyDictionary<string, double>?> TopLogprobs);
