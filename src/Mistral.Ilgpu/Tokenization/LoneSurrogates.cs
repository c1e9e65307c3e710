namespace Mistral.Ilgpu.Tokenization;

internal static class LoneSurrogates
{
    /// <summary>Replaces unpaired surrogates by U+FFFD, as the reference tokenizers receive them, because UTF-8 cannot encode
    /// them.</summary>
    public static void Replace(Span<char> text)
    {
        for (var i = text.IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) i++;
            else text[i] = '\uFFFD';
        }
    }
}
