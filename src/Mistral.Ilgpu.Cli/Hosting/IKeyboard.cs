namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>A source of keys, and the size of the terminal.</summary>
internal interface IKeyboard
{
    /// <summary>
    /// Whether a paste is enclosed in marks. If not, a line end counts as pasted if another key follows at once.
    /// </summary>
    bool MarksPastes { get; }

    /// <summary>Whether an unread key is available.</summary>
    bool HasMore { get; }

    int Width { get; }

    int Height { get; }

    /// <summary>Waits for the next key.</summary>
    ConsoleKeyInfo Read();
}
