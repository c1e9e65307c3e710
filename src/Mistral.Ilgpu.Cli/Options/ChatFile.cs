using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Reads a conversation from an object as OpenAI's and Mistral's APIs take it.</summary>
internal static class ChatFile
{
    /// <exception cref="ModelFileException">The file is missing or no conversation.</exception>
    /// <exception cref="ChatFormatException">The model's format does not have such a conversation.</exception>
    public static IReadOnlyList<int> Encode(string path, TextTokenizer tokenizer)
    {
        string json = DataFile.Read(path, File.ReadAllText);
        return DataFile.Parse(path, json, root =>
        {
            var messages = Messages(path, root);
            // Mistral's API leaves the last answer open where it says so.
            bool continuesLast = root.GetProperty("messages")[messages.Count - 1].TryGetProperty("prefix", out var prefix)
                && prefix.ValueKind == JsonValueKind.True;
            if (root.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array && tools.GetArrayLength() > 0)
            {
                throw new ChatFormatException($"{path}: tools, which chat format {ChatTemplate.VersionOf(tokenizer)} does not have");
            }

            return ChatTemplate.For(tokenizer).Encode(messages, continuesLast);
        });
    }

    private static List<ChatMessage> Messages(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("messages", out var array)
            || array.ValueKind != JsonValueKind.Array || array.GetArrayLength() == 0)
        {
            throw new ModelFileException(path, "found no messages, expected an object with a list \"messages\"");
        }

        return [.. array.EnumerateArray().Select((message, index) => Message(path, index, message))];
    }

    private static ChatMessage Message(string path, int index, JsonElement message)
    {
        string where = string.Create(CultureInfo.InvariantCulture, $"{path}, message {index}");
        string? role = message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return new ChatMessage(
            role switch
            {
                "system" => ChatRole.System,
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                _ => throw new ModelFileException(where, $"found role '{role}', expected system, user or assistant"),
            },
            message.TryGetProperty("content", out var content) ? Text(where, content) : throw new ModelFileException(where, "found no content, expected text"));
    }

    // Content is a string, or a list of parts of which only text is known here.
    private static string Text(string where, JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
                ? text.GetString()!
                : throw new ModelFileException(where, "found a part of content that is not text, expected text only"))),
        _ => throw new ModelFileException(where, $"found content of JSON {content.ValueKind}, expected text"),
    };
}
