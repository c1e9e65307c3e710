using System.Text.Json;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>A block of an answer: text, thinking, or the use of a tool.</summary>
internal sealed record MessageBlock(string Type)
{
    public string? Text { get; init; }

    public string? Thinking { get; init; }

    /// <summary>Of thinking, which is not signed here.</summary>
    public string? Signature { get; init; }

    public string? Id { get; init; }

    public string? Name { get; init; }

    public JsonElement? Input { get; init; }

    /// <param name="isWhole">Whether the block is at its end; otherwise it is told without what follows.</param>
    public static MessageBlock Of(AnswerBlock block, bool isWhole)
    {
        string text = isWhole ? block.Text : "";
        return block.Kind switch
        {
            BlockKind.Text => new MessageBlock("text") { Text = text },
            BlockKind.Reasoning => new MessageBlock("thinking") { Thinking = text, Signature = "" },
            _ => new MessageBlock("tool_use")
            {
                Id = block.Id, Name = block.Name, Input = JsonElement.Parse(isWhole ? block.Text : "{}"),
            },
        };
    }
}
