namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// Text of several lines, typed or piped. A line that ends in \ continues on the next line. A text that starts with three quotes
/// continues up to three quotes at the end of a line.
/// </summary>
internal static class TurnText
{
    private const string Quotes = "\"\"\"";

    /// <summary>Whether the text continues after a line end.</summary>
    public static bool IsOpen(string text) => IsQuoted(text) ? !IsClosed(text) : text.EndsWith('\\');

    /// <summary>Appends the next line to an open text.</summary>
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
