using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// Reads texts. A person gets editing keys, pastes of several lines, and earlier texts with the arrow keys. Other input is read
/// line by line. <see cref="TurnText"/> decides which texts continue on the next line.
/// </summary>
internal sealed class LineEditor(Terminal terminal)
{
    private readonly List<string> _history = [];
    private readonly EditBuffer _buffer = new();
    private readonly EditView _view = new(terminal.Error);

    // The index of the shown text in the history; the history's length for the text that is edited.
    private int _shown;
    private string _draft = "";

    /// <summary>Reads the next text; null at the end of the input.</summary>
    /// <exception cref="OperationCanceledException">Ctrl-C was pressed.</exception>
    public string? Read(string prompt) => terminal.IsInteractive ? ReadKeys(prompt) : ReadLines();

    private string? ReadLines()
    {
        string? text = terminal.In.ReadLine();
        while (text is not null && TurnText.IsOpen(text) && terminal.In.ReadLine() is { } line)
        {
            text = TurnText.Join(text, line);
        }

        return text is null ? null : TurnText.Value(text);
    }

    private string? ReadKeys(string prompt)
    {
        bool treatsControlC = terminal.Keyboard is ConsoleKeyboard && Console.TreatControlCAsInput;
        SetControlC(true);
        terminal.Error.Write(KeyReader.AskForMarks);
        // Ends the mode, because the next program on the terminal may not know the marks.
        using var terminated = PosixSignalRegistration.Create(
            PosixSignal.SIGTERM, _ => terminal.Error.Write(KeyReader.NoMoreMarks));
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => terminal.Error.Write(KeyReader.NoMoreMarks));
        try
        {
            string? text = Edit(prompt, new KeyReader(terminal.Keyboard));
            if (!string.IsNullOrWhiteSpace(text) && _history.LastOrDefault() != text)
            {
                _history.Add(text);
            }

            return text is null ? null : TurnText.Value(text).TrimEnd('\n');
        }
        finally
        {
            _view.Close();
            terminal.Error.Write(KeyReader.NoMoreMarks);
            terminal.Error.Flush();
            SetControlC(treatsControlC);
        }
    }

    private void SetControlC(bool isInput)
    {
        if (terminal.Keyboard is ConsoleKeyboard)
        {
            Console.TreatControlCAsInput = isInput;
        }
    }

    private string? Edit(string prompt, KeyReader keys)
    {
        _shown = _history.Count;
        _draft = "";
        _buffer.Set("");
        while (true)
        {
            var rows = Render(prompt);
            var (key, pasted) = keys.Next();
            bool hasControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
            switch (hasControl ? Unmodified(key.Key) : key.Key)
            {
                case var _ when pasted is not null:
                    _buffer.Insert(pasted);
                    break;
                case ConsoleKey.Enter when key.Modifiers.HasFlag(ConsoleModifiers.Alt)
                    || (!terminal.Keyboard.MarksPastes && terminal.Keyboard.HasMore):
                    _buffer.Insert("\n");
                    break;
                case ConsoleKey.Enter when TurnText.IsOpen(_buffer.Text):
                    _buffer.Set(TurnText.Join(_buffer.Text, ""));
                    break;
                case ConsoleKey.Enter:
                    _buffer.MoveTo(_buffer.Text.Length);
                    Render(prompt);
                    return _buffer.Text;
                case ConsoleKey.C when hasControl:
                    throw new OperationCanceledException();
                case ConsoleKey.Delete when hasControl && _buffer.IsEmpty:
                    return null;
                default:
                    Apply(key, hasControl, rows);
                    break;
            }
        }
    }

    private void Apply(ConsoleKeyInfo key, bool hasControl, TextRows rows)
    {
        switch (hasControl ? Unmodified(key.Key) : key.Key)
        {
            case ConsoleKey.UpArrow:
                MoveUp(rows);
                break;
            case ConsoleKey.DownArrow:
                MoveDown(rows);
                break;
            case ConsoleKey.LeftArrow:
                _buffer.MoveBack();
                break;
            case ConsoleKey.RightArrow:
                _buffer.MoveForward();
                break;
            case ConsoleKey.Home:
                _buffer.MoveToLineStart();
                break;
            case ConsoleKey.End:
                _buffer.MoveToLineEnd();
                break;
            case ConsoleKey.Backspace:
                _buffer.RemoveBefore();
                break;
            case ConsoleKey.Delete:
                _buffer.RemoveAfter();
                break;
            case ConsoleKey.U when hasControl:
                _buffer.RemoveToLineStart();
                break;
            case ConsoleKey.K when hasControl:
                _buffer.RemoveToLineEnd();
                break;
            case ConsoleKey.W when hasControl:
                _buffer.RemoveWord();
                break;
            default:
                if (!char.IsControl(key.KeyChar))
                {
                    _buffer.Insert(key.KeyChar.ToString());
                }

                break;
        }
    }

    // Moves to the previous row, or from the first row to the previous text.
    private void MoveUp(TextRows rows)
    {
        var (row, column) = rows.Place(_buffer.Cursor);
        if (row > 0)
        {
            _buffer.MoveTo(rows.CharacterAt(row - 1, column));
        }
        else if (_shown > 0)
        {
            _draft = _shown == _history.Count ? _buffer.Text : _draft;
            _buffer.Set(_history[--_shown]);
        }
    }

    private void MoveDown(TextRows rows)
    {
        var (row, column) = rows.Place(_buffer.Cursor);
        if (row < rows.Count - 1)
        {
            _buffer.MoveTo(rows.CharacterAt(row + 1, column));
        }
        else if (_shown < _history.Count)
        {
            _buffer.Set(++_shown == _history.Count ? _draft : _history[_shown]);
        }
    }

    private TextRows Render(string prompt)
    {
        var (width, height) = (terminal.Keyboard.Width, terminal.Keyboard.Height);
        var rows = new TextRows(prompt, _buffer.Text, width);
        _view.Render(rows, rows.Place(_buffer.Cursor), width, height);
        return rows;
    }

    // The keys of Emacs that shells support, too.
    private static ConsoleKey Unmodified(ConsoleKey key) => key switch
    {
        ConsoleKey.A => ConsoleKey.Home,
        ConsoleKey.E => ConsoleKey.End,
        ConsoleKey.B => ConsoleKey.LeftArrow,
        ConsoleKey.F => ConsoleKey.RightArrow,
        ConsoleKey.P => ConsoleKey.UpArrow,
        ConsoleKey.N => ConsoleKey.DownArrow,
        ConsoleKey.H => ConsoleKey.Backspace,
        ConsoleKey.D => ConsoleKey.Delete,
        ConsoleKey.J or ConsoleKey.M => ConsoleKey.Enter,
        _ => key,
    };
}
