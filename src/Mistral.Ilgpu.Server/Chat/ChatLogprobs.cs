using System.Text.Json.Serialization;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>The log-probabilities of tokens.</summary>
internal sealed record ChatLogprobs(
    IReadOnlyList<ChatLogprobs.Token> Content)
{
    // JSON has no infinity. OpenAI writes this for a token that cannot be.
    private const double Least = -9999;

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<Token>? Refusal { get; }

    /// <returns>Null where there are none.</returns>
    public static ChatLogprobs? Of(IEnumerable<GeneratedToken> tokens, TextTokenizer tokenizer)
    {
        List<Token> content =
        [
            .. from token in tokens
               where token is { Id: not null, LogProbability: not null }
               select Of(tokenizer, token.Id!.Value, token.LogProbability!.Value) with
               {
                   TopLogprobs = [.. token.TopLogProbabilities!.Select(top => Of(tokenizer, top.Id, top.Value))],
               },
        ];
        return content.Count > 0 ? new ChatLogprobs(content) : null;
    }

    private static Token Of(TextTokenizer tokenizer, int id, double value) => new(
        TokenText.Of(tokenizer, id), Math.Max(value, Least), [.. TokenText.BytesOf(tokenizer, id).Select(part => (int)part)],
        TopLogprobs: null);

    internal sealed record Token(string TokenText, double Logprob, IReadOnlyList<int> Bytes, IReadOnlyList<Token>? TopLogprobs)
    {
        [JsonPropertyName("token")]
        public string TokenText { get; init; } = TokenText;
    }
}
