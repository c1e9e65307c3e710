using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>An answer of <c>/v1/messages</c>, whole or at its start.</summary>
internal sealed record MessageResponse(
    string Id, string Model, IReadOnlyList<MessageBlock> Content,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? StopReason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? StopSequence,
    MessageUsage Usage)
{
    public string Type { get; } = "message";

    public string Role { get; } = "assistant";

    /// <summary>Why an answer ended, as Anthropic names it.</summary>
    public static string ReasonOf(Answer answer) => answer.FinishReason switch
    {
        "tool_calls" => "tool_use",
        "length" => "max_tokens",
        _ => answer.Generation.StopText is null ? "end_turn" : "stop_sequence",
    };
}
