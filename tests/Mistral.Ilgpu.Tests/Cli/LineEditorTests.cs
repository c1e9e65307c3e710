using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Cli.Editing;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What is typed and pasted, what comes of it, and what the terminal shows.</summary>
public sealed class LineEditorTests
{
    private const int Width = 40;

    [Theory]
    [InlineData("hello\r", "hello")]
    [InlineData("hexx\x7f\x7fllo\r", "hello")]
    [InlineData("ello←←←←h\r", "hello")]
    [InlineData("ello\x01h\x05!\r", "hello!")]
    [InlineData("one two three\u0017four\r", "one two four")]
    [InlineData("away\x15hello\r", "hello")]
    [InlineData("\e[200~a\rb\r\nc\nd\e[201~\r", "a\nb\nc\nd")]
    [InlineData("say: \e[200~a\rb\r\e[201~\r", "say: a\nb")]
    [InlineData("\e[200~a\e[31mb\x07\tc\e[201~d\r", "a[31mb\tcd")]
    [InlineData("\e[20x\r", "[20x")]
    [InlineData("a\e\rb\r", "a\nb")]
    [InlineData("a\\\rb\\\rc\r", "a\nb\nc")]
    [InlineData("\"\"\"a\r\rb\\\r\"\"\"\r", "a\n\nb\\")]
    [InlineData("\"\"\"a\"\"\"\r", "a")]
    [InlineData("a\e\rcde↑b↓!\r", "ab\ncd!e")]
    [InlineData("🙂x←←\x7fy\x05\x7f\r", "y🙂")]
    public void Editor_TypedKeys_GiveTheText(string keys, string expected) => Assert.Equal([expected], Read(keys, out _));

    [Fact]
    public void Editor_ArrowsUpAndDown_GiveTheTextsBefore() =>
        Assert.Equal(["one", "two", "one", "two!", "draft"], Read("one\rtwo\r↑↑\r↑↑!\rdraft↑↑↓↓\r", out _));

    [Fact]
    public void Editor_ControlCAndD_Leave()
    {
        Assert.Throws<OperationCanceledException>(() => Read("abc\x03", out _));
        Assert.Equal(new string?[] { null }, Read("\x04", out _));
        Assert.Equal(["bc"], Read("abc\x01\x04\r", out _));
    }

    [Fact]
    public void Editor_ConsoleWithoutMarks_TakesLineEndsWithMoreBehindAsPasted() =>
        Assert.Equal(["a\nb"], Read("a\rb\r", out _, marksPastes: false));

    [Fact]
    public void Editor_WhileItReads_HasPastesMarked()
    {
        var marked = new List<bool>();
        TerminalScreen? screen = null;
        Read("ab\r", out screen, onRead: shown => marked.Add(shown.MarksPastes));
        Assert.Equal([true, true, true], marked);
        Assert.False(screen.MarksPastes);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(500)]
    [InlineData(2011)]
    public void Editor_RandomKeys_ShowTheTextAndTheCursor(int seed)
    {
        var random = new Random(seed);
        string[] keys = ["a", "b", " ", "long", "\e\r", "\x7f", "←", "→", "↑", "↓", "\x01", "\x05", "\x17", "\e[200~first\rsecond and more\e[201~", "\x0b"];
        string[] typed = [.. Enumerable.Range(0, 600).Select(_ => keys[random.Next(keys.Length)])];
        // To the end of the text, which no line end is left at.
        string end = new string('↓', 100) + "\x05.\r";
        for (int length = 0; length <= typed.Length; length += 12)
        {
            bool isMarked = false;
            string text = Assert.Single(Read(string.Concat(typed[..length]) + "§" + end, out var screen, onRead: shown =>
            {
                // The cursor stands behind what was typed last.
                Assert.True(isMarked || !shown.Text.Contains('§', StringComparison.Ordinal) || shown.Before is '§' or '\0');
                isMarked |= shown.Text.Contains('§', StringComparison.Ordinal);
            }))!;
            // Written key by key it shows what it would written at once.
            Assert.True(isMarked);
            Assert.EndsWith(Rows(text), screen.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Editor_LongText_WritesOnlyWhatAKeyChanges()
    {
        int before = 0;
        var written = new List<int>();
        string pasted = string.Concat(Enumerable.Range(0, 2000).Select(i => $"word{i:00000} "));
        // Pasted; a letter at the end; a letter at the start.
        Read($"\e[200~{pasted}\e[201~x\x01y\r", out _, onRead: screen =>
        {
            written.Add(screen.Written - before);
            before = screen.Written;
        });

        // The screen has 10 rows of 40 columns, each reached by a few characters.
        Assert.InRange(written[^3], 1, 20);
        Assert.All(written, count => Assert.InRange(count, 0, 10 * (Width + 12)));
    }

    [Theory]
    [InlineData("a\nb\n", new[] { "a", "b" })]
    [InlineData("a\\\nb\nc", new[] { "a\nb", "c" })]
    [InlineData("\"\"\"a\n\nb\n\"\"\"\nc\n", new[] { "a\n\nb", "c" })]
    [InlineData("\"\"\"a\nb", new[] { "a\nb" })]
    [InlineData("a\\", new[] { "a\\" })]
    public void Editor_PipedLines_GoOnWhereTheyAreOpen(string input, string[] expected)
    {
        using var terminal = new Terminal(new StringReader(input), TextWriter.Null, TextWriter.Null);
        var editor = new LineEditor(terminal);
        Assert.Equal(expected, expected.Select(_ => editor.Read("> ")));
        Assert.Null(editor.Read("> "));
    }

    // Up to the text's last rows, as many as the screen has.
    private static string Rows(string text)
    {
        var rows = new TextRows("> ", text, Width);
        return string.Join('\n', Enumerable.Range(Math.Max(0, rows.Count - 9), Math.Min(9, rows.Count)).Select(row => rows[row].TrimEnd())).TrimEnd('\n');
    }

    private static List<string?> Read(
        string keys, out TerminalScreen screen, bool marksPastes = true, Action<TerminalScreen>? onRead = null)
    {
        var shown = screen = new TerminalScreen(Width, 10);
        var keyboard = new TypedKeys(keys, Width) { MarksPastes = marksPastes, OnRead = () => onRead?.Invoke(shown) };
        using var terminal = new Terminal(
            TextReader.Null, TextWriter.Null,
            screen) { IsInputInteractive = true, IsErrorInteractive = true, Keyboard = keyboard };
        var editor = new LineEditor(terminal);
        var texts = new List<string?>();
        while (keyboard.HasMore)
        {
            texts.Add(editor.Read("> "));
        }

        return texts;
    }
}
