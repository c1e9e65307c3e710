using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>The log-probabilities of tokens.</summary>
internal sealed record ChatLogprobs(IReadOnlyList<TokenLogprob> Content)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<TokenLogprob>? Refusal { get; }
}
