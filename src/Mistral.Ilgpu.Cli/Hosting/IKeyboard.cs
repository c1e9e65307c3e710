namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Where keys come from, and the size of what the text is shown on.</summary>
internal interface IKeyboard
{
    /// <summary>Whether pasted text comes between marks; else a line end that has more behind it at once counts as
    /// pasted.</summary>
    bool MarksPastes { get; }

    /// <summary>Whether a key has come that is not read yet.</summary>
    bool HasMore { get; }

    int Width { get; }

    int Height { get; }

    /// <summary>The next key; waits for it.</summary>
    ConsoleKeyInfo Read();
}
