namespace Mistral.Ilgpu;

/// <summary>
/// A model or data file is not what it should be. The message is one line: <c>FILE: what was found, what was expected</c>.
/// </summary>
public sealed class ModelFileException : MistralException
{
    internal ModelFileException(string file, string message, Exception? cause = null)
        : base(OneLine($"{file}: {message}"), cause) => File = file;

    /// <summary>The file, and where in it.</summary>
    public string File { get; }

    /// <summary>The field that is wrong; null where none is known.</summary>
    internal string? Field { get; init; }

    // Names and values quoted from a hostile file may hold line breaks.
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
