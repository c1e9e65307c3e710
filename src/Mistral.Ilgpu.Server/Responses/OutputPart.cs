using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Text of a message or of reasoning.</summary>
internal sealed record OutputPart(string Type, string Text)
{
    /// <summary>Sources of the text: none.</summary>
    public IReadOnlyList<string>? Annotations { get; init; }

    public static OutputPart Of(AnswerBlock block) => Of(block, block.Text);

    public static OutputPart Of(AnswerBlock block, string text) => block.Kind == BlockKind.Reasoning
        ? new OutputPart("reasoning_text", text)
        : new OutputPart("output_text", text) { Annotations = [] };
}
