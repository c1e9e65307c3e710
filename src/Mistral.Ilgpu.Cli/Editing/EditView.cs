using System.Globalization;
using System.Text;

namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>
/// Shows rows of text on a terminal, and writes only the changed part when they change. If there are more rows than the terminal
/// has, it shows those around the cursor.
/// </summary>
internal sealed class EditView(TextWriter screen)
{
    private readonly List<string> _shown = [];
    private readonly StringBuilder _output = new();
    private int _width;
    private int _height;
    private int _top;

    // The position of the terminal's cursor, relative to the first visible row.
    private int _row;
    private int _column;

    /// <summary>Shows the rows, with the cursor at a position in them.</summary>
    public void Render(TextRows rows, (int Row, int Column) cursor, int width, int height)
    {
        if (width != _width || height != _height)
        {
            Erase();
            (_width, _height) = (width, height);
        }

        int count = Math.Min(rows.Count, height);
        _top = Math.Clamp(_top, Math.Max(0, cursor.Row - count + 1), Math.Min(cursor.Row, rows.Count - count));
        for (int i = 0; i < count; i++)
        {
            Show(i, rows[_top + i]);
        }

        if (_shown.Count > count)
        {
            Move(count, 0);
            _output.Append("\e[J");
            _shown.RemoveRange(count, _shown.Count - count);
        }

        Move(cursor.Row - _top, cursor.Column);
        Flush();
    }

    /// <summary>Moves the cursor below the rows, where the next text starts.</summary>
    public void Close()
    {
        Move(Math.Max(0, _shown.Count - 1), 0);
        _output.Append("\r\n");
        Flush();
        _shown.Clear();
        (_top, _row, _column) = (0, 0, 0);
    }

    private void Erase()
    {
        Move(0, 0);
        _output.Append("\e[J");
        _shown.Clear();
        _top = 0;
    }

    private void Show(int row, string text)
    {
        bool isNew = row == _shown.Count;
        string before = isNew ? "" : _shown[row];
        if (text == before && !isNew)
        {
            return;
        }

        int same = text.AsSpan().CommonPrefixLength(before);
        // Does not split a surrogate pair, or a letter and its accent.
        while (same > 0 && (same < text.Length && TextRows.Columns(text[same].ToString()) == 0))
        {
            same--;
        }

        if (isNew)
        {
            _shown.Add("");
        }

        Move(row, TextRows.Columns(text[..same]));
        int columns = TextRows.Columns(text);
        // Clears before writing, because a terminal stays in the last column of a full row and would clear that.
        _output.Append(columns < TextRows.Columns(before) ? "\e[K" : "").Append(text, same, text.Length - same);
        _column = columns;
        _shown[row] = text;
    }

    private void Move(int row, int column)
    {
        if (row == _row && column == _column && column < _width)
        {
            return;
        }

        // Moves down by line feeds, because they scroll the terminal in its last row.
        Append(_row - row, 'A');
        _output.Append('\n', Math.Max(0, row - _row)).Append('\r');
        Append(column, 'C');
        (_row, _column) = (row, column);
    }

    private void Append(int count, char direction)
    {
        if (count > 0)
        {
            _output.Append(CultureInfo.InvariantCulture, $"\e[{count}{direction}");
        }
    }

    private void Flush()
    {
        screen.Write(_output.ToString());
        screen.Flush();
        _output.Clear();
    }
}
