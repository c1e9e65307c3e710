using System.Globalization;
using System.Text;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>A terminal with the control sequences that the line editor uses; any other fails.</summary>
internal sealed class TerminalScreen(int width, int height) : TextWriter
{
    private readonly List<StringBuilder> _rows = [.. Enumerable.Range(0, height).Select(_ => new StringBuilder())];
    private readonly StringBuilder _sequence = new();
    private int _row;
    private int _column;

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Characters that were written so far.</summary>
    public int Written { get; private set; }

    /// <summary>Whether pastes are marked.</summary>
    public bool MarksPastes { get; private set; }

    public (int Row, int Column) Cursor => (_row, Math.Min(_column, width - 1));

    /// <summary>The character before the cursor; at the start of a row the last of the row above.</summary>
    public char Before =>
        _column > 0 ? _rows[_row][Cursor.Column - (_column < width ? 1 : 0)] : _row > 0 ? _rows[_row - 1][^1] : '\0';

    /// <summary>The rows without spaces at their ends, and without empty rows at the end.</summary>
    public string Text => string.Join('\n', _rows.Select(row => row.ToString().TrimEnd())).TrimEnd('\n');

    public override void Write(char value)
    {
        Written++;
        if (_sequence.Length > 0 || value == '\e')
        {
            _sequence.Append(value);
            if (_sequence.Length > 2 && value is >= '@')
            {
                Obey(_sequence.ToString(2, _sequence.Length - 3), value);
                _sequence.Clear();
            }
        }
        else if (value == '\r')
        {
            _column = 0;
        }
        else if (value == '\n')
        {
            Down();
        }
        else
        {
            Put(value);
        }
    }

    private void Put(char value)
    {
        Assert.False(char.IsControl(value));
        // A full row goes on in the next with the character after it.
        if (_column == width)
        {
            _column = 0;
            Down();
        }

        var row = _rows[_row];
        row.Append(' ', Math.Max(0, _column + 1 - row.Length));
        row[_column++] = value;
    }

    private void Down()
    {
        if (++_row == height)
        {
            _rows.RemoveAt(0);
            _rows.Add(new StringBuilder());
            _row--;
        }
    }

    private void Obey(string parameter, char command)
    {
        int count = int.TryParse(parameter, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 1;
        switch (command)
        {
            case 'A':
                _row = Math.Max(0, _row - count);
                break;
            case 'C':
                _column = Math.Min(width - 1, _column + count);
                break;
            case 'K':
                _rows[_row].Length = Math.Min(_rows[_row].Length, Cursor.Column);
                break;
            case 'J':
                _rows[_row].Length = Math.Min(_rows[_row].Length, Cursor.Column);
                _rows.Skip(_row + 1).ToList().ForEach(row => row.Clear());
                break;
            case 'h' or 'l' when parameter == "?2004":
                MarksPastes = command == 'h';
                break;
            default:
                Assert.Fail($"ESC [ {parameter} {command}");
                break;
        }
    }
}
