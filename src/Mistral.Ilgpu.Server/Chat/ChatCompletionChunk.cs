using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>An event of a stream: a part of an answer, or its usage.</summary>
internal sealed record ChatCompletionChunk(
    string Id, long Created, string Model, IReadOnlyList<ChatCompletionChunk.ChunkChoice> Choices, Usage? Usage = null)
{
    public string Object { get; } = "chat.completion.chunk";

    internal sealed record ChunkChoice(
        int Index, Delta Delta,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? FinishReason,
        string? StopReason = null);

    internal sealed record Delta(
        string? Role = null, string? Content = null, string? ReasoningContent = null,
        IReadOnlyList<ChatToolCall>? ToolCalls = null);
}
