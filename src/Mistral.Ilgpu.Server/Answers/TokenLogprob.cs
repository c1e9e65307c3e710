using System.Text.Json.Serialization;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>The log-probability of a token, as OpenAI's API has it.</summary>
/// <param name="Text">The token's text.</param>
/// <param name="TopLogprobs">The likeliest tokens at its place; null for one of these.</param>
internal sealed record TokenLogprob(
    [property: JsonPropertyName("token")] string Text, double Logprob, IReadOnlyList<int> Bytes,
    IReadOnlyList<TokenLogprob>? TopLogprobs)
{
    // JSON has no infinity. OpenAI writes this for a token that cannot be.
    private const double Least = -9999;

    /// <summary>Whether the token is none of the text.</summary>
    [JsonIgnore]
    public bool IsControl { get; private init; }

    /// <returns>Null where none is known.</returns>
    public static TokenLogprob? Of(GeneratedToken token, TextTokenizer tokenizer) =>
        token is { Id: { } id, LogProbability: { } value }
            ? Of(tokenizer, id, value) with
            {
                TopLogprobs = [.. token.TopLogProbabilities!.Select(top => Of(tokenizer, top.Id, top.Value))],
            }
            : null;

    private static TokenLogprob Of(TextTokenizer tokenizer, int id, double value) => new(
        TokenText.Of(tokenizer, id), Math.Max(value, Least), [.. TokenText.BytesOf(tokenizer, id).Select(part => (int)part)],
        TopLogprobs: null)
    {
        IsControl = id < tokenizer.VocabularySize && tokenizer.IsControl(id),
    };
}
