using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Reads a conversation from an object as OpenAI's and Mistral's APIs take it.</summary>
internal static class ChatFile
{
    public static Option<string?> Option() => ValueOptions.Parsed(
        "--chat", "A conversation instead of a text: an object with \"messages\", as OpenAI's API takes it.",
        "FILE.json", "a file", text => text.Length > 0 ? text : null);

    /// <exception cref="ModelFileException">The file is missing or no conversation.</exception>
    public static Chat Read(string path)
    {
        string json = DataFile.Read(path, File.ReadAllText);
        return DataFile.Parse(path, json, root =>
        {
            var messages = Messages(path, root);
            bool continuesLast = root.TryGetProperty("continue_final_message", out var continues)
                && continues.ValueKind == JsonValueKind.True;
            return new Chat(messages, continuesLast, Tools(path, root));
        });
    }

    private static List<ChatMessage> Messages(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("messages", out var array)
            || array.ValueKind != JsonValueKind.Array || array.GetArrayLength() == 0)
        {
            throw new ModelFileException(path, "found no messages, expected an object with a list \"messages\"");
        }

        return [.. array.EnumerateArray().Select((message, index) =>
            Message(string.Create(CultureInfo.InvariantCulture, $"{path}, message {index}"), message))];
    }

    private static ChatMessage Message(string where, JsonElement message)
    {
        string? role = Text(message, "role");
        var (content, parts) = Content(where, message);
        return new ChatMessage(
            role switch
            {
                "system" or "developer" => ChatRole.System,
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                "tool" => ChatRole.Tool,
                _ => throw new ModelFileException(where, $"found role '{role}', expected system, user, assistant or tool"),
            },
            content)
        {
            Parts = parts,
            ToolCalls = Calls(where, message),
            ToolCallId = Text(message, "tool_call_id"),
            Name = Text(message, "name"),
            IsPrefix = message.TryGetProperty("prefix", out var prefix) && prefix.ValueKind == JsonValueKind.True,
        };
    }

    // Content is a string, nothing beside calls, or a list of parts of which text and thinking are known here.
    private static (string Text, IReadOnlyList<ContentPart> Parts) Content(string where, JsonElement message)
    {
        bool hasCalls = message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array;
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
        {
            return hasCalls ? ("", []) : throw new ModelFileException(where, "found no content, expected text");
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            return (content.GetString()!, []);
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw new ModelFileException(where, $"found content of JSON {content.ValueKind}, expected text");
        }

        List<ContentPart> parts = [.. content.EnumerateArray().Select(part => Part(where, part))];
        return parts.Exists(part => part.IsThinking)
            ? ("", parts)
            : (string.Join("\n\n", parts.Select(part => part.Text).Where(text => text.Length > 0)), []);
    }

    private static ContentPart Part(string where, JsonElement part) => Text(part, "text") is { } text
        ? new ContentPart(text)
        : Text(part, "thinking") is { } thinking
            ? new ContentPart(
                thinking,
                IsThinking: true,
                !part.TryGetProperty("closed", out var closed) || closed.ValueKind != JsonValueKind.False)
            : throw new ModelFileException(where, $"found a part of content of type '{Text(part, "type")}', expected text");

    private static IReadOnlyList<ToolCall> Calls(string where, JsonElement message)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return calls.ValueKind != JsonValueKind.Array
            ? throw new ModelFileException(where, "found tool_calls that are no list, expected a list of calls")
            : [.. calls.EnumerateArray().Select(call =>
            {
                var function = Function(where, call);
                string arguments = !function.TryGetProperty("arguments", out var given) ? ""
                    : given.ValueKind == JsonValueKind.String ? given.GetString()!
                    : given.GetRawText();
                return new ToolCall(
                    Text(function, "name") ?? throw new ModelFileException(where, "found a call without a name, expected one"),
                    arguments,
                    Text(call, "id"));
            })];
    }

    private static IReadOnlyList<ToolDefinition> Tools(string path, JsonElement root)
    {
        if (!root.TryGetProperty("tools", out var tools) || tools.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        return tools.ValueKind != JsonValueKind.Array
            ? throw new ModelFileException(path, "found tools that are no list, expected a list of functions")
            : [.. tools.EnumerateArray().Select(tool =>
            {
                var function = Function(path, tool);
                return new ToolDefinition(
                    Text(function, "name") ?? throw new ModelFileException(path, "found a tool without a name, expected one"),
                    Text(function, "description") ?? "",
                    function.TryGetProperty("parameters", out var parameters) ? parameters.Clone() : NoParameters);
            })];
    }

    private static readonly JsonElement NoParameters = JsonElement.Parse("{}");

    private static JsonElement Function(string where, JsonElement holder) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty("function", out var function)
            && function.ValueKind == JsonValueKind.Object
            ? function
            : throw new ModelFileException(where, "found no function, expected an object \"function\"");

    private static string? Text(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
