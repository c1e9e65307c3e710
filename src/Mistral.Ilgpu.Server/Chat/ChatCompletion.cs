using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>The answers to a conversation, whole.</summary>
internal sealed record ChatCompletion(
    string Id, long Created, string Model, IReadOnlyList<ChatCompletion.ChatChoice> Choices, Usage Usage)
{
    public string Object { get; } = "chat.completion";

    internal sealed record ChatChoice(
        int Index, ChatMessage Message,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ChatLogprobs? Logprobs,
        string FinishReason,
        string? StopReason);
}
