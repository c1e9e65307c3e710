using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>Continuations of prompts, whole, or parts of them in a stream.</summary>
internal sealed record Completion(
    string Id, long Created, string Model, IReadOnlyList<Completion.CompletionChoice> Choices, Usage? Usage = null)
{
    public string Object { get; } = "text_completion";

    internal sealed record CompletionChoice(
        int Index, string Text,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] CompletionLogprobs? Logprobs,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason,
        string? StopReason = null);
}
