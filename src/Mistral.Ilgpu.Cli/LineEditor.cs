using System.Globalization;
using System.Text;

namespace Mistral.Ilgpu.Cli;

/// <summary>
/// Reads lines. From a person: with editing keys and the lines before under the arrow keys; else as they come. Each
/// character counts as one column.
/// </summary>
internal sealed class LineEditor(Terminal terminal)
{
    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private string _prompt = "";
    private int _cursor;
    private int _cursorRow;

    /// <summary>The next line, or null where the input has ended.</summary>
    /// <exception cref="OperationCanceledException">Ctrl-C was pressed.</exception>
    public string? ReadLine(string prompt)
    {
        if (!terminal.IsInputInteractive || !terminal.IsErrorInteractive)
        {
            return terminal.In.ReadLine();
        }

        bool treatsControlC = Console.TreatControlCAsInput;
        Console.TreatControlCAsInput = true;
        try
        {
            _prompt = prompt;
            string? line = Edit();
            terminal.Error.Write("\n");
            if (!string.IsNullOrWhiteSpace(line) && _history.LastOrDefault() != line)
            {
                _history.Add(line);
            }

            return line;
        }
        finally
        {
            Console.TreatControlCAsInput = treatsControlC;
        }
    }

    private string? Edit()
    {
        int shown = _history.Count;
        string draft = "";
        _cursorRow = 0;
        SetLine("");
        while (true)
        {
            Render();
            var key = Console.ReadKey(intercept: true);
            bool hasControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
            switch (hasControl ? Unmodified(key.Key) : key.Key)
            {
                case ConsoleKey.Enter:
                    _cursor = _line.Length;
                    Render();
                    return _line.ToString();
                case ConsoleKey.C when hasControl:
                    throw new OperationCanceledException();
                case ConsoleKey.D when hasControl && _line.Length == 0:
                    return null;
                case ConsoleKey.UpArrow when shown > 0:
                    draft = shown == _history.Count ? _line.ToString() : draft;
                    SetLine(_history[--shown]);
                    break;
                case ConsoleKey.DownArrow when shown < _history.Count:
                    SetLine(++shown == _history.Count ? draft : _history[shown]);
                    break;
                case ConsoleKey.LeftArrow:
                    _cursor = Before(_cursor);
                    break;
                case ConsoleKey.RightArrow:
                    _cursor = After(_cursor);
                    break;
                case ConsoleKey.Home:
                    _cursor = 0;
                    break;
                case ConsoleKey.End:
                    _cursor = _line.Length;
                    break;
                case ConsoleKey.Backspace:
                    Remove(Before(_cursor), _cursor);
                    break;
                case ConsoleKey.Delete:
                    Remove(_cursor, After(_cursor));
                    break;
                case ConsoleKey.U when hasControl:
                    Remove(0, _cursor);
                    break;
                case ConsoleKey.K when hasControl:
                    Remove(_cursor, _line.Length);
                    break;
                case ConsoleKey.W when hasControl:
                    Remove(WordStart(), _cursor);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        _line.Insert(_cursor++, key.KeyChar);
                    }

                    break;
            }
        }
    }

    // The keys of Emacs that shells have too.
    private static ConsoleKey Unmodified(ConsoleKey key) => key switch
    {
        ConsoleKey.A => ConsoleKey.Home,
        ConsoleKey.E => ConsoleKey.End,
        ConsoleKey.B => ConsoleKey.LeftArrow,
        ConsoleKey.F => ConsoleKey.RightArrow,
        ConsoleKey.P => ConsoleKey.UpArrow,
        ConsoleKey.N => ConsoleKey.DownArrow,
        ConsoleKey.H => ConsoleKey.Backspace,
        ConsoleKey.J or ConsoleKey.M => ConsoleKey.Enter,
        _ => key,
    };

    private void SetLine(string text)
    {
        _line.Clear().Append(text);
        _cursor = text.Length;
    }

    private void Remove(int start, int end)
    {
        _line.Remove(start, end - start);
        _cursor = start;
    }

    // Pairs of surrogates are one character.
    private int Before(int at) => at > 1 && char.IsLowSurrogate(_line[at - 1]) ? at - 2 : Math.Max(0, at - 1);

    private int After(int at) => at < _line.Length - 1 && char.IsHighSurrogate(_line[at]) ? at + 2 : Math.Min(_line.Length, at + 1);

    private int WordStart()
    {
        int at = _cursor;
        while (at > 0 && _line[at - 1] == ' ')
        {
            at--;
        }

        while (at > 0 && _line[at - 1] != ' ')
        {
            at--;
        }

        return at;
    }

    private void Render()
    {
        int width = Console.WindowWidth > 0 ? Console.WindowWidth : 80;
        int end = _prompt.Length + _line.Length;
        var (row, column) = Math.DivRem(_prompt.Length + _cursor, width);
        var screen = new StringBuilder();
        Move(screen, _cursorRow, 'A');
        screen.Append("\r\u001b[J").Append(_prompt).Append(_line);
        // A terminal stays in the last column until one character more; this puts it where the count says.
        screen.Append(end % width == 0 ? "\r\n" : "");
        Move(screen, (end / width) - row, 'A');
        screen.Append('\r');
        Move(screen, column, 'C');
        terminal.Error.Write(screen.ToString());
        _cursorRow = row;
    }

    private static void Move(StringBuilder screen, int count, char direction)
    {
        if (count > 0)
        {
            screen.Append(CultureInfo.InvariantCulture, $"\u001b[{count}{direction}");
        }
    }
}
