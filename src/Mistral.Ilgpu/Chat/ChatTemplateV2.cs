using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Control tokens around turns and tools; the system prompt goes before the last of the user's turns, calls and results of
/// tools are kept from there on only.
/// </summary>
internal class ChatTemplateV2(TextTokenizer tokenizer) : ChatTemplate(tokenizer)
{
    private protected override string Version => "v2";

    private protected virtual bool PutsToolsFirst => false;

    private protected virtual bool KeepsToolHistory => false;

    private protected override IEnumerable<int> EncodeUser(Message turn, Place place, Opening opening)
    {
        var prefix = place.IsLastUser && opening.System.Length > 0 ? opening.System + ChatTurns.Separator : "";
        bool opens = PutsToolsFirst ? place.IsFirstUser : place.IsLastUser;
        return
        [
            .. opens && opening.Tools.Count > 0 ? Tools(opening.Tools) : [],
            .. opens && opening.Effort is { } effort ? EncodeEffort(effort) : [],
            Control("[INST]"),
            .. Text(prefix + turn.Content),
            Control("[/INST]"),
        ];
    }

    internal override CallForm CallsOf(
        IReadOnlyList<CallTool> tools, bool isRequired, bool isParallel, ConstraintSource? answer) =>
        new(Control("[TOOL_CALLS]"), Arguments: null, CallId: null, Think: [], tools, isRequired, isParallel, answer);

    internal override IEnumerable<int> EncodeAssistant(Message turn, Place place)
    {
        if (!turn.HasContent && turn.ToolCalls.Count == 0)
            throw new ChatFormatException("an empty message of the assistant, expected text or tool calls");
        if (turn.HasContent && turn.ToolCalls.Count > 0 && !AllowsCallsAndContent)
            throw new ChatFormatException(
                "text and tool calls in one message of the assistant, expected one of both in this chat format");
        if (turn.IsPrefix && place.StaysOpen)
            throw new ChatFormatException("a last message that is a prefix and to be continued, expected one of both");
        if (turn.ToolCalls.Count > 0 && place.IsHistory && !KeepsToolHistory) return [];
        return
        [
            // Models must not learn to end with a space, which is the start of the next word.
            .. turn.Parts.Count > 0 ? Parts(turn.Parts) : Text(turn.Content.TrimEnd(' ')),
            .. turn.ToolCalls.Count > 0 ? EncodeCalls(turn.ToolCalls) : [],
            .. turn.IsPrefix || place.StaysOpen ? Array.Empty<int>() : [Tokenizer.EosId],
        ];
    }

    private protected override IEnumerable<int> EncodeResult(Message turn, Place place) =>
        place.IsHistory && !KeepsToolHistory
            ? []
            : [Control("[TOOL_RESULTS]"), .. EncodeResultBody(turn), Control("[/TOOL_RESULTS]")];

    private protected virtual IEnumerable<int> EncodeCalls(IReadOnlyList<ToolCall> calls) =>
        [Control("[TOOL_CALLS]"), .. Text($"[{string.Join(", ", calls.Select(CallText))}]")];

    private protected virtual string CallText(ToolCall call) =>
        $$"""{"name": {{PythonJson.Text(call.Name)}}, "arguments": {{ArgumentsText(call)}}}""";

    private protected virtual IEnumerable<int> EncodeResultBody(Message turn) =>
        Text($$"""[{"name": {{(turn.Name is null ? "null" : PythonJson.Text(turn.Name))}}, "content": {{ResultText(turn)}}}]""");

    private protected virtual IEnumerable<int> EncodeEffort(string effort) =>
        throw new InvalidOperationException("no reasoning effort in this format");

    private protected virtual IEnumerable<int> Thinking(ContentPart part) =>
        throw new ChatFormatException($"thinking, which chat format {Version} does not have");

    private protected IEnumerable<int> Parts(IEnumerable<ContentPart> parts) =>
        parts.SelectMany(part => part.IsThinking ? Thinking(part) : Text(part.Text));

    private protected static string ArgumentsText(ToolCall call) =>
        PythonJson.Value(call.Arguments.Length > 0 ? call.Arguments : "{}");

    private protected static string ResultText(Message turn) =>
        PythonJson.Value(turn.Content.Length > 0 ? turn.Content : "{}");

    private static string ParametersText(ToolDefinition tool)
    {
        try
        {
            return PythonJson.Write(tool.Parameters);
        }
        catch (InvalidOperationException exception)
        {
            // Half a surrogate pair in an escape shows when the text is asked for.
            throw new ChatFormatException($"parameters of tool '{tool.Name}' that are not valid JSON: {exception.Message}");
        }
    }

    private IEnumerable<int> Tools(IReadOnlyList<ToolDefinition> tools)
    {
        var texts = tools.Select(tool =>
            $$$"""{"type": "function", "function": {"name": {{{PythonJson.Text(tool.Name)}}}, "description": {{{
                PythonJson.Text(tool.Description)}}}, "parameters": {{{ParametersText(tool)}}}}}""");
        return [Control("[AVAILABLE_TOOLS]"), .. Text($"[{string.Join(", ", texts)}]"), Control("[/AVAILABLE_TOOLS]")];
    }
}
