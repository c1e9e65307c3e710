using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>v2 with the ids of calls, and with the calls and results of the whole conversation.</summary>
internal class ChatTemplateV3(TextTokenizer tokenizer) : ChatTemplateV2(tokenizer)
{
    private protected override string Version => "v3";

    private protected override bool KeepsToolHistory => true;

    private protected override string CallText(ToolCall call) => HasId(call)
        ? $$"""{"name": {{PythonJson.Text(call.Name)}}, "arguments": {{ArgumentsText(call)}}, "id": {{
            PythonJson.Text(call.Id!)}}}"""
        : base.CallText(call);

    private protected override IEnumerable<int> EncodeResultBody(Message turn) =>
        Text($$"""{"content": {{ResultText(turn)}}, "call_id": {{PythonJson.Text(CallId(turn))}}}""");

    /// <summary>Whether a call has an id; the text null stands for none.</summary>
    private protected static bool HasId(ToolCall call) => call.Id is { Length: > 0 } and not "null";

    private protected static string CallId(Message turn) =>
        turn.ToolCallId ?? throw new ChatFormatException("a tool's result without the id of its call, expected tool_call_id");
}
