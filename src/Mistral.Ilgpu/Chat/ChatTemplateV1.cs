using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>Mistral 7B Instruct v0.1 and v0.2: [INST] is plain text, encoded together with what it encloses.</summary>
internal sealed class ChatTemplateV1(TextTokenizer tokenizer) : ChatTemplate(tokenizer)
{
    private protected override string Version => "v1";

    private protected override IEnumerable<int> EncodeUser(Message turn, Place place, Opening opening)
    {
        if (opening.Tools.Count > 0)
            throw new ChatFormatException("tools, which chat format v1 does not have") { Field = "tools" };
        var prefix = place.IsFirstUser && opening.System.Length > 0 ? opening.System + ChatTurns.Separator : "";
        return Text($"[INST] {prefix}{turn.Content} [/INST]");
    }

    internal override IEnumerable<int> EncodeAssistant(Message turn, Place place)
    {
        if (turn.ToolCalls.Count > 0) throw new ChatFormatException("tool calls, which chat format v1 does not have");
        if (turn.Parts.Any(part => part.IsThinking))
            throw new ChatFormatException("thinking, which chat format v1 does not have");
        var text = Text(turn.Content);
        return turn.IsPrefix || place.StaysOpen ? text : [.. text, Tokenizer.EosId];
    }

    private protected override IEnumerable<int> EncodeResult(Message turn, Place place) =>
        throw new ChatFormatException("results of tools, which chat format v1 does not have");
}
