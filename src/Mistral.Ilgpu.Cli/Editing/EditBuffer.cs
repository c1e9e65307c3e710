namespace Mistral.Ilgpu.Cli.Editing;

/// <summary>A text that is edited, and the cursor in it.</summary>
internal sealed class EditBuffer
{
    public string Text { get; private set; } = "";

    /// <summary>The index of the character before which text is inserted.</summary>
    public int Cursor { get; private set; }

    public bool IsEmpty => Text.Length == 0;

    public void Set(string text) => (Text, Cursor) = (text, text.Length);

    public void Insert(string text) => (Text, Cursor) = (Text.Insert(Cursor, text), Cursor + text.Length);

    public void MoveTo(int cursor) => Cursor = cursor;

    public void MoveBack() => Cursor = Before;

    public void MoveForward() => Cursor = After;

    public void MoveToLineStart() => Cursor = LineStart;

    public void MoveToLineEnd() => Cursor = LineEnd;

    public void RemoveBefore() => Remove(Before, Cursor);

    public void RemoveAfter() => Remove(Cursor, After);

    public void RemoveToLineStart() => Remove(LineStart, Cursor);

    public void RemoveToLineEnd() => Remove(Cursor, LineEnd);

    public void RemoveWord()
    {
        int start = Cursor;
        while (start > 0 && char.IsWhiteSpace(Text[start - 1]))
        {
            start--;
        }

        while (start > 0 && !char.IsWhiteSpace(Text[start - 1]))
        {
            start--;
        }

        Remove(start, Cursor);
    }

    private int LineStart => Cursor == 0 ? 0 : Text.LastIndexOf('\n', Cursor - 1) + 1;

    private int LineEnd => Text.IndexOf('\n', Cursor) is >= 0 and var end ? end : Text.Length;

    // A surrogate pair is one character.
    private int Before => Cursor > 1 && char.IsSurrogatePair(Text, Cursor - 2) ? Cursor - 2 : Math.Max(0, Cursor - 1);

    private int After =>
        Cursor < Text.Length - 1 && char.IsSurrogatePair(Text, Cursor) ? Cursor + 2 : Math.Min(Text.Length, Cursor + 1);

    private void Remove(int start, int end) => (Text, Cursor) = (Text.Remove(start, end - start), start);
}
