using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>System prompts become blocks of their own; results are no longer JSON; text may go before calls.</summary>
internal class ChatTemplateV7(TextTokenizer tokenizer) : ChatTemplateV3(tokenizer)
{
    private protected override string Version => "v7";

    private protected override bool KeepsSystem => true;

    private protected override bool AllowsCallsAndContent => true;

    private protected override IEnumerable<int> EncodeSystem(Message turn) =>
    [
        Control("[SYSTEM_PROMPT]"),
        .. turn.Parts.Count > 0 ? Parts(turn.Parts) : Text(turn.Content),
        Control("[/SYSTEM_PROMPT]"),
    ];

    private protected override IEnumerable<int> EncodeResultBody(Message turn) =>
        [.. Text(CallId(turn)), Control("[TOOL_CONTENT]"), .. Text(turn.Content)];
}
