namespace Mistral.Ilgpu.Tokenization;

/// <summary>The ids of a text that a model is to continue.</summary>
internal static class PromptEncoding
{
    /// <summary>The token that starts a text, where the vocabulary has one, and those of the text.</summary>
    /// <exception cref="ArgumentException">There is none at all.</exception>
    public static int[] Encode(TextTokenizer tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] ids = [.. tokenizer.BosId >= 0 ? [tokenizer.BosId] : Array.Empty<int>(), .. tokenizer.EncodeToIds(text)];
        return ids.Length > 0
            ? ids
            : throw new ArgumentException("an empty text, and the tokenizer has no token that starts a text");
    }
}
