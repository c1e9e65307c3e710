using System.Text;

namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// Tells pasted text from typed keys. A terminal in the mode "bracketed paste" sends a paste between ESC [ 200 ~ and ESC [ 201 ~.
/// .NET's console does not know these marks and returns a key for each of their characters.
/// </summary>
internal sealed class KeyReader(IKeyboard keyboard)
{
    public const string AskForMarks = "\e[?2004h";
    public const string NoMoreMarks = "\e[?2004l";

    private const string Start = "\e[200~";
    private const string End = "\e[201~";

    // Keys that were read in search of a mark and are not part of one.
    private readonly Queue<ConsoleKeyInfo> _ahead = [];

    /// <summary>The next key, or the text of a paste with \n as line end.</summary>
    public (ConsoleKeyInfo Key, string? Pasted) Next()
    {
        if (_ahead.TryDequeue(out var key))
        {
            return (key, null);
        }

        key = keyboard.Read();
        string read = Text(key);
        var keys = new List<ConsoleKeyInfo> { key };
        while (keyboard.MarksPastes && read.Length < Start.Length
            && Start.StartsWith(read, StringComparison.Ordinal) && keyboard.HasMore)
        {
            keys.Add(keyboard.Read());
            read += Text(keys[^1]);
        }

        if (read == Start)
        {
            return (default, Paste());
        }

        keys.Skip(1).ToList().ForEach(_ahead.Enqueue);
        return (key, null);
    }

    private string Paste()
    {
        var text = new StringBuilder();
        while (!EndsWith(text, End))
        {
            text.Append(Text(keyboard.Read()));
        }

        text.Length -= End.Length;
        text.Replace("\r\n", "\n").Replace('\r', '\n');
        return string.Concat(text.ToString().Where(character => character is '\n' or '\t' || !char.IsControl(character)));
    }

    // An escape and the next character may arrive as one key with Alt.
    private static string Text(ConsoleKeyInfo key) => key.KeyChar == '\0' ? ""
        : key.Modifiers.HasFlag(ConsoleModifiers.Alt) ? "\e" + key.KeyChar
        : key.KeyChar.ToString();

    private static bool EndsWith(StringBuilder text, string end)
    {
        int start = text.Length - end.Length;
        return start >= 0 && text[^1] == end[^1] && text.ToString(start, end.Length) == end;
    }
}
