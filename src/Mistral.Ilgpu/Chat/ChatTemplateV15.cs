using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>
/// v13 with a block of settings after the tools, which says how much the model is to reason. Texts of one message follow
/// each other without a break, and system messages hold no reasoning.
/// </summary>
internal sealed class ChatTemplateV15(TextTokenizer tokenizer) : ChatTemplateV13(tokenizer)
{
    // What a model that has no reasoning effort does: the one request that needs no settings.
    private const string NoEffort = "none";

    private protected override string Version => "v15";

    private protected override string PartSeparator => "";

    private protected override IEnumerable<int> EncodeSystem(Message turn) => turn.Parts.Count == 0
        ? base.EncodeSystem(turn)
        : throw new ChatFormatException($"thinking in a system message, which chat format {Version} does not have");

    private protected override IEnumerable<int> EncodeEffort(string effort) =>
    [
        Control("[MODEL_SETTINGS]"),
        .. Text($$"""{"reasoning_effort": {{PythonJson.Text(effort)}}}"""),
        Control("[/MODEL_SETTINGS]"),
    ];

    private protected override string? Effort(string? asked) => Tokenizer.ReasoningEfforts is { } efforts
        ? Effort(asked, efforts)
        : asked is null or NoEffort
            ? null
            : throw new ChatFormatException($"reasoning effort '{asked}', which this model's tokenizer does not have")
            {
                Field = "reasoning_effort",
            };

    private static string? Effort(string? asked, ReasoningEfforts efforts) =>
        asked is null && efforts.IsOptional ? efforts.Default
        : asked is not null && efforts.Values.Contains(asked) ? asked
        : throw new ChatFormatException(
            $"{(asked is null ? "no reasoning effort" : $"reasoning effort '{asked}'")}, "
            + $"expected {(efforts.Values.Count > 0 ? string.Join(" or ", efforts.Values) : "none to be given")}")
        {
            Field = "reasoning_effort",
        };
}
