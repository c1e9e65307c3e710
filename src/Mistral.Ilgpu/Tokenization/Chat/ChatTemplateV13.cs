namespace Mistral.Ilgpu.Tokenization;

/// <summary>Tools before the first of the user's turns, ids left out again, and thinking.</summary>
internal sealed class ChatTemplateV13(TextTokenizer tokenizer) : ChatTemplateV11(tokenizer)
{
    private protected override bool PutsToolsFirst => true;

    private protected override IEnumerable<int> EncodeId(string id) => [];

    private protected override IEnumerable<int> EncodeCalls(IReadOnlyList<ToolCall> calls) => calls.All(HasId)
        ? base.EncodeCalls(calls)
        : throw new ChatFormatException("a tool call without an id, which chat format v13 needs");

    private protected override IEnumerable<int> EncodeResultBody(ChatMessage turn)
    {
        _ = CallId(turn);
        return Text(turn.Content);
    }

    private protected override IEnumerable<int> Thinking(ContentPart part) =>
        [Control("[THINK]"), .. Text(part.Text), .. part.IsClosed ? [Control("[/THINK]")] : Array.Empty<int>()];
}
