using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>Tools before the first of the user's turns, ids left out again, and thinking.</summary>
internal class ChatTemplateV13(TextTokenizer tokenizer) : ChatTemplateV11(tokenizer)
{
    private protected override string Version => "v13";

    private protected override bool PutsToolsFirst => true;

    internal override CallForm CallsOf(
        IReadOnlyList<CallTool> tools, bool isRequired, bool isParallel, ConstraintSource? answer)
    {
        int[] think = [Tokenizer.FindControl("[THINK]"), Tokenizer.FindControl("[/THINK]")];
        return base.CallsOf(tools, isRequired, isParallel, answer) with
        {
            CallId = null, Think = Array.TrueForAll(think, id => id >= 0) ? think : [],
        };
    }

    private protected override IEnumerable<int> EncodeId(string id) => [];

    private protected override IEnumerable<int> EncodeCalls(IReadOnlyList<ToolCall> calls) => calls.All(HasId)
        ? base.EncodeCalls(calls)
        : throw new ChatFormatException($"a tool call without an id, which chat format {Version} needs");

    private protected override IEnumerable<int> EncodeResultBody(Message turn)
    {
        _ = CallId(turn);
        return Text(turn.Content);
    }

    private protected override IEnumerable<int> Thinking(ContentPart part) =>
        [Control("[THINK]"), .. Text(part.Text), .. part.IsClosed ? [Control("[/THINK]")] : Array.Empty<int>()];
}
