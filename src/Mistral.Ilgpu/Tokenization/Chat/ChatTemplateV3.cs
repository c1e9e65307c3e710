namespace Mistral.Ilgpu.Tokenization;

/// <summary>v2 with the ids of calls, and with the calls and results of the whole conversation.</summary>
internal class ChatTemplateV3(TextTokenizer tokenizer) : ChatTemplateV2(tokenizer)
{
    private protected override bool KeepsToolHistory => true;

    private protected override string CallText(ToolCall call) => HasId(call)
        ? $$"""{"name": {{PythonJson.Text(call.Name)}}, "arguments": {{ArgumentsText(call)}}, "id": {{
            PythonJson.Text(call.Id!)}}}"""
        : base.CallText(call);

    private protected override IEnumerable<int> EncodeResultBody(ChatMessage turn) =>
        Text($$"""{"content": {{ResultText(turn)}}, "call_id": {{PythonJson.Text(CallId(turn))}}}""");

    /// <summary>Whether a call has an id; the text null stands for none.</summary>
    private protected static bool HasId(ToolCall call) => call.Id is { Length: > 0 } and not "null";

    private protected static string CallId(ChatMessage turn) =>
        turn.ToolCallId ?? throw new ChatFormatException("a tool's result without the id of its call, expected tool_call_id");
}

/// <summary>System prompts become blocks of their own; results are no longer JSON; text may go before calls.</summary>
internal class ChatTemplateV7(TextTokenizer tokenizer) : ChatTemplateV3(tokenizer)
{
    private protected override bool KeepsSystem => true;

    private protected override bool AllowsCallsAndContent => true;

    private protected override IEnumerable<int> EncodeSystem(ChatMessage turn) =>
    [
        Control("[SYSTEM_PROMPT]"),
        .. turn.Parts.Count > 0 ? Parts(turn.Parts) : Text(turn.Content),
        Control("[/SYSTEM_PROMPT]"),
    ];

    private protected override IEnumerable<int> EncodeResultBody(ChatMessage turn) =>
        [.. Text(CallId(turn)), Control("[TOOL_CONTENT]"), .. Text(turn.Content)];
}

/// <summary>Each call begins with a token of its own: name, id, arguments.</summary>
internal class ChatTemplateV11(TextTokenizer tokenizer) : ChatTemplateV7(tokenizer)
{
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
