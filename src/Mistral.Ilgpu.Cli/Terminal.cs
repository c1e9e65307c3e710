using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Cli;

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

    /// <summary>Columns of what <see cref="Out"/> is shown on.</summary>
    public int Width { get; init; } = 160;

    public static Terminal OfThisProcess()
    {
        var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        var input = new StreamReader(Console.OpenStandardInput(), utf8);
        return new Terminal(input, new StreamWriter(OpenOutput(), utf8), Console.Error)
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
            // Whoever read the output has gone; there is no one to tell.
        }
    }

    // The console's own stream swallows a broken pipe, and a long generation would go on for no one. Written as a file it
    // throws. A file proper stays with the console's stream, which shares its position with what else writes to it.
    private static Stream OpenOutput()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var file = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!file.CanSeek)
            {
                return file;
            }
        }

        return Console.OpenStandardOutput();
    }
}
