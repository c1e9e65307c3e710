using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>A part of a response: a message, reasoning, or a call.</summary>
internal sealed record OutputItem(string Id, string Type, string Status)
{
    public string? Role { get; init; }

    public IReadOnlyList<OutputPart>? Content { get; init; }

    public IReadOnlyList<OutputPart>? Summary { get; init; }

    public string? CallId { get; init; }

    public string? Name { get; init; }

    public string? Arguments { get; init; }

    /// <param name="id">The item's id.</param>
    /// <param name="isWhole">Whether the block is at its end; otherwise it is told without what follows.</param>
    public static OutputItem Of(AnswerBlock block, string id, bool isWhole)
    {
        string status = !isWhole ? "in_progress" : block.IsWhole ? "completed" : "incomplete";
        OutputPart[] content = isWhole ? [OutputPart.Of(block, isWhole)] : [];
        return block.Kind switch
        {
            BlockKind.Reasoning => new OutputItem(id, "reasoning", status) { Summary = [], Content = content },
            BlockKind.Text => new OutputItem(id, "message", status) { Role = "assistant", Content = content },
            _ => new OutputItem(id, "function_call", status)
            {
                CallId = block.Id, Name = block.Name, Arguments = isWhole ? block.Text : "",
            },
        };
    }

    /// <summary>A new id for the item of a block.</summary>
    public static string NewId(AnswerBlock block) => ServedModel.NewId(block.Kind switch
    {
        BlockKind.Reasoning => "rs_",
        BlockKind.Text => "msg_",
        _ => "fc_",
    });
}
