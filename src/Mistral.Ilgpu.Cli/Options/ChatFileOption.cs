using System.CommandLine;
using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The file that holds a conversation.</summary>
internal static class ChatFileOption
{
    public static Option<string?> Create() => ValueOptions.Parsed(
        "--chat", "A conversation instead of a text: an object with \"messages\", as OpenAI's API takes it.",
        "FILE.json", "a file", text => text.Length > 0 ? text : null);

    /// <param name="system">What the model is told to be, if the file does not say so.</param>
    /// <exception cref="ModelFileException">The file is missing or no conversation.</exception>
    /// <exception cref="UsageException">The conversation has a system message too.</exception>
    public static ChatRequest Read(string path, string? system = null)
    {
        var request = ChatFile.Read(path);
        return system is null ? request
            : request.HasSystem
                ? throw new UsageException("--system: the conversation has a system message, expected one of both")
                : request.WithSystem(system);
    }
}
