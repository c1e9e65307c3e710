using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>Prompts for what stands between two texts, as Codestral was trained on them.</summary>
internal static class FillInTheMiddle
{
    // Encoded before a text, it takes the space that SentencePiece puts first; it is two tokens in every vocabulary.
    private const string Shield = "☺";
    private const int ShieldTokens = 2;

    /// <param name="prompt">What stands before the gap.</param>
    /// <param name="suffix">What stands behind it.</param>
    /// <exception cref="ChatFormatException">The tokenizer has no tokens for this.</exception>
    public static IReadOnlyList<int> Encode(TextTokenizer tokenizer, string prompt, string suffix = "")
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(suffix);
        int suffixId = tokenizer.FindControl("[SUFFIX]");
        int prefixId = tokenizer.FindControl("[PREFIX]");
        if (suffixId < 0 || prefixId < 0 || tokenizer.BosId < 0)
            throw new ChatFormatException(
                "a tokenizer without [PREFIX] and [SUFFIX], expected those of a model that fills in the middle");
        return
        [
            tokenizer.BosId,
            suffixId,
            .. suffix.Length > 0 ? tokenizer.EncodeToIds(Shield + suffix).Skip(ShieldTokens) : [],
            prefixId,
            .. tokenizer.EncodeToIds(prompt),
        ];
    }
}
