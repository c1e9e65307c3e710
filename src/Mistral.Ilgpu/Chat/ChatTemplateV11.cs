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

    private protected virtual IEnumerable<int> EncodeId(string id) => [Control("[CALL_ID]"), .. Text(id)];
}
