using System.Text.Json;

namespace Mistral.Ilgpu;

/// <summary>Reads files that the user specifies. Errors name the file.</summary>
internal static class DataFile
{
    public static T Read<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException(path, "no such file", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ModelFileException(path, $"unreadable: {exception.Message}", exception);
        }
    }

    /// <param name="where">The file and the position in it, for messages.</param>
    public static T Parse<T>(string where, string json, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        // InvalidOperationException: a string with half of a surrogate pair can be parsed, but not read as text.
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelFileException(where, $"not valid JSON: {exception.Message}", exception);
        }
    }
}
