using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>Each call begins with a token of its own: name, id, arguments.</summary>
internal class ChatTemplateV11(TextTokenizer tokenizer) : ChatTemplateV7(tokenizer)
{
    private protected override string Version => "v11";

    private protected override bool SortsResults => true;

    private protected override IEnumerable<int> EncodeCalls(IReadOnlyList<ToolCall> calls) =>
        calls.SelectMany(call => (IEnumerable<int>)
    [
        Control("[TOOL_CALLS]"),
        .. Text(call.Name),
        .. HasId(call) ? EncodeId(call.Id!) : [],
        Control("[ARGS]"),
        .. Text(ArgumentsText(call)),
    ]);

    internal override CallForm CallsOf(
        IReadOnlyList<CallTool> tools, bool isRequired, bool isParallel, ConstraintSource? answer) =>
        base.CallsOf(tools, isRequired, isParallel, answer) with
        {
            Arguments = Control("[ARGS]"), CallId = Tokenizer.FindControl("[CALL_ID]") is >= 0 and var id ? id : null,
        };

    private protected virtual IEnumerable<int> EncodeId(string id) => [Control("[CALL_ID]"), .. Text(id)];
}
