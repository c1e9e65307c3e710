using Spectre.Console;

namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// The layout of a text in rows of a terminal. Rows break at line ends and at the terminal's width. A prompt precedes the first
/// row, and later lines are indented by its length.
/// </summary>
internal sealed class TextRows
{
    private readonly string _prompt;
    private readonly string _text;
    private readonly int _width;
    private readonly List<(int Start, int End, bool BeginsLine)> _rows = [];

    public TextRows(string prompt, string text, int width)
    {
        (_prompt, _text, _width) = (prompt, text, Math.Max(width, prompt.Length + 2));
        int start = 0;
        bool beginsLine = true;
        int column = prompt.Length;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
            {
                _rows.Add((start, i, beginsLine));
                (start, beginsLine, column) = (i + 1, true, prompt.Length);
                continue;
            }

            int columns = Columns(text, i);
            if (column + columns > _width)
            {
                _rows.Add((start, i, beginsLine));
                (start, beginsLine, column) = (i, false, 0);
            }

            column += columns;
        }

        _rows.Add((start, text.Length, beginsLine));
        // The cursor after a full row is shown in the next row.
        if (column == _width)
        {
            _rows.Add((text.Length, text.Length, false));
        }
    }

    public int Count => _rows.Count;

    public string this[int row] => (row == 0 ? _prompt : _rows[row].BeginsLine ? new string(' ', _prompt.Length) : "")
        + _text[_rows[row].Start.._rows[row].End].Replace('\t', ' ');

    /// <summary>The row and column of a character.</summary>
    public (int Row, int Column) Place(int character)
    {
        int row = _rows.FindLastIndex(row => row.Start <= character);
        return (row, Indent(row) + Columns(_text, _rows[row].Start, character));
    }

    /// <summary>The character at a row and column, or the last one of the row.</summary>
    public int CharacterAt(int row, int column)
    {
        var (start, end, _) = _rows[row];
        // If the next row continues the line, the character after this row belongs to that one.
        int last = row + 1 < _rows.Count && !_rows[row + 1].BeginsLine ? end - 1 : end;
        int at = Indent(row);
        int character = start;
        while (character < last && at + Columns(_text, character) <= column)
        {
            at += Columns(_text, character++);
        }

        return character > 0 && character < _text.Length && char.IsSurrogatePair(_text, character - 1)
            ? character - 1
            : character;
    }

    private int Indent(int row) => _rows[row].BeginsLine ? _prompt.Length : 0;

    private static int Columns(string text, int start, int end)
    {
        int columns = 0;
        for (int i = start; i < end; i++)
        {
            columns += Columns(text, i);
        }

        return columns;
    }

    /// <summary>Columns of a string without line ends.</summary>
    public static int Columns(string text) => Columns(text, 0, text.Length);

    // The first half of a surrogate pair stands for both. Such characters, mostly emoji, are two columns wide.
    private static int Columns(string text, int at) => text[at] switch
    {
        < '\u0300' => 1,
        var character when char.IsHighSurrogate(character) => 2,
        var character when char.IsLowSurrogate(character) => 0,
        var character => Math.Max(0, character.GetCellWidth()),
    };
}
