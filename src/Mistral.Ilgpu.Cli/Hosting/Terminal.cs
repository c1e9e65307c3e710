using System.Text;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Where a command reads and writes: results to <see cref="Out"/>, text for people to <see cref="Error"/>.</summary>
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error) : IDisposable
{
    public TextReader In { get; } = input;

    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>Whether a person types the input.</summary>
    public bool IsInputInteractive { get; init; }

    /// <summary>Whether a person watches <see cref="Error"/>, so that a progress bar may be drawn on it.</summary>
    public bool IsErrorInteractive { get; init; }

    /// <summary>Whether a person types the input and sees what is asked.</summary>
    public bool IsInteractive => IsInputInteractive && IsErrorInteractive;

    /// <summary>The keys of whoever types the input.</summary>
    public IKeyboard Keyboard { get; init; } = new ConsoleKeyboard();

    /// <summary>Columns of what <see cref="Out"/> is shown on.</summary>
    public int Width { get; init; } = 160;

    /// <summary>The exit code of what a signal has interrupted; null while none has.</summary>
    public int? Interruption { get; set; }

    /// <summary>Shows the cursor, which a progress bar hides, before the process ends in its middle.</summary>
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
        // A progress bar is drawn from a thread of its own.
        return new Terminal(input, new StreamWriter(StandardStreams.OpenOutput(), utf8), TextWriter.Synchronized(error))
        {
            IsInputInteractive = !Console.IsInputRedirected,
            IsErrorInteractive = !Console.IsErrorRedirected,
            Width = Console.IsOutputRedirected ? 160 : Math.Max(40, Console.WindowWidth),
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
            // It was told, or whoever read the output has gone and there is no one to tell.
        }
    }
}
