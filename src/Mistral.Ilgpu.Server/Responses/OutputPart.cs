using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Text of a message or of reasoning.</summary>
internal sealed record OutputPart(string Type, string Text)
{
    /// <summary>Sources of the text: none.</summary>
    public IReadOnlyList<string>? Annotations { get; init; }

    /// <summary>Of a message; empty where they are not asked for.</summary>
    public IReadOnlyList<TokenLogprob>? Logprobs { get; init; }

    /// <param name="isWhole">Whether the block is at its end; otherwise it is told without what follows.</param>
    public static OutputPart Of(AnswerBlock block, bool isWhole)
    {
        string text = isWhole ? block.Text : "";
        return block.Kind == BlockKind.Reasoning
            ? new OutputPart("reasoning_text", text)
            : new OutputPart("output_text", text) { Annotations = [], Logprobs = isWhole ? block.Logprobs : [] };
    }
}
