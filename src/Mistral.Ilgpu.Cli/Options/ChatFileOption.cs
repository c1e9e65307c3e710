using System.CommandLine;
using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The option for a file with a conversation.</summary>
internal static class ChatFileOption
{
    public static Option<string?> Create() => ValueOptions.Parsed(
        "--chat", "A file with a conversation instead of a text: an object with \"messages\", as in OpenAI's API.",
        "FILE.json", "a file", text => text.Length > 0 ? text : null);

    /// <param name="system">The system message, if the file has none.</param>
    /// <exception cref="ModelFileException">The file is missing or is not a conversation.</exception>
    /// <exception cref="UsageException">The conversation also has a system message.</exception>
    public static ChatRequest Read(string path, string? system = null)
    {
        var request = ChatFile.Read(path);
        return system is null ? request
            : request.HasSystem
                ? throw new UsageException("--system: the conversation has a system message, expected one of the two")
                : request.WithSystem(system);
    }
}
