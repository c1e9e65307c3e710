using System.Text;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The streams of a command: results go to <see cref="Out"/>, text for people to <see cref="Error"/>.</summary>
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error) : IDisposable
{
    // No line of a table is wrapped for another program.
    private const int WidthForPrograms = 1000;

    public TextReader In { get; } = input;

    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>Whether a person types the input.</summary>
    public bool IsInputInteractive { get; init; }

    /// <summary>Whether a person watches <see cref="Error"/>, so that a progress bar may be drawn.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>Whether a person types the input and sees the prompt.</summary>
    public bool IsInteractive => IsInputInteractive && IsErrorInteractive;

    /// <summary>The keys of an interactive input.</summary>
    public IKeyboard Keyboard { get; init; } = new ConsoleKeyboard();

    /// <summary>The width of <see cref="Out"/> in columns.</summary>
    public int Width { get; init; } = WidthForPrograms;

    /// <summary>The exit code of the signal that interrupted the command; null for none.</summary>
    public int? Interruption { get; set; }

    /// <summary>Shows the cursor, which a progress bar hides. Called before the process ends early.</summary>
    public void ShowCursor()
    {
        if (IsErrorInteractive)
        {
            Error.Write("\e[?25h");
        }
    }

    public static Terminal OfThisProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var input = new StreamReader(Console.OpenStandardInput(), utf8);
        var error = new StreamWriter(StandardStreams.OpenError(), utf8) { AutoFlush = true };
        // Synchronized, because a progress bar is drawn by another thread.
        return new Terminal(input, new StreamWriter(StandardStreams.OpenOutput(), utf8), TextWriter.Synchronized(error))
        {
            IsInputInteractive = !Console.IsInputRedirected,
            IsErrorInteractive = !Console.IsErrorRedirected,
            Width = Console.IsOutputRedirected ? WidthForPrograms : Math.Max(40, Console.WindowWidth),
        };
    }

    public void Dispose()
    {
        try
        {
            Out.Flush();
        }
        catch (IOException)
        {
            // The error was already reported, or the reader of the output has gone.
        }
    }
}
