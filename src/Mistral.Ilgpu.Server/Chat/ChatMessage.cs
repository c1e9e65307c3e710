using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>An answer as a message.</summary>
internal sealed record ChatMessage(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Content,
    string? ReasoningContent,
    IReadOnlyList<ChatToolCall>? ToolCalls)
{
    public string Role { get; } = "assistant";

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Refusal { get; }
}
