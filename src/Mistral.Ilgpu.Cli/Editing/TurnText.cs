namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// Text of several lines, typed or piped: a line that ends in \ goes on in the next, and so does everything between
/// three quotes at the start and three at the end.
/// </summary>
internal static class TurnText
{
    private const string Quotes = "\"\"\"";

    /// <summary>Whether a line end now belongs to the text.</summary>
    public static bool IsOpen(string text) => IsQuoted(text) ? !IsClosed(text) : text.EndsWith('\\');

    /// <summary>An open text with its next line.</summary>
    public static string Join(string open, string line) => (IsQuoted(open) ? open : open[..^1]) + "\n" + line;

    /// <summary>The text without its quotes.</summary>
    public static string Value(string text)
    {
        if (!IsQuoted(text))
        {
            return text;
        }

        string inner = text[Quotes.Length..];
        inner = IsClosed(text) ? inner.TrimEnd()[..^Quotes.Length] : inner;
        return inner.Trim('\n');
    }

    private static bool IsQuoted(string text) => text.StartsWith(Quotes, StringComparison.Ordinal);

    private static bool IsClosed(string text) =>
        text.TrimEnd() is var trimmed && trimmed.Length >= 2 * Quotes.Length
            && trimmed.EndsWith(Quotes, StringComparison.Ordinal);
}
