namespace Mistral.Ilgpu;

/// <summary>
/// A model or data file is not what it should be. The message is one line: <c>FILE: what was found, what was expected</c>.
/// </summary>
public sealed class ModelFileException : Exception
{
    public ModelFileException(string file, string message)
        : this(file, message, null)
    {
    }

    public ModelFileException(string file, string message, Exception? cause)
        : base(OneLine($"{file}: {message}"), cause) => File = file;

    public string File { get; }

    // Names and values quoted from a hostile file may hold line breaks.
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
