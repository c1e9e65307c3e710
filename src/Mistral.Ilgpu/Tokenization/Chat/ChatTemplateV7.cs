namespace Mistral.Ilgpu.Tokenization;

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
