using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>Reads a message of a <see cref="ChatFile"/>.</summary>
internal static class ChatFileMessage
{
    public static Message Read(JsonElement element, string where)
    {
        var fields = new JsonFields(element, where);
        string role = fields.Text("role") ?? throw fields.Error("role", "nothing", "system, user, assistant or tool");
        IReadOnlyList<ToolCall> calls = [.. ChatFile.List(fields, "tool_calls").Select(call => Call(call, where))];
        var (content, parts) = Content(fields, where, isNeeded: calls.Count == 0);
        return Create(role, content, where) with
        {
            Parts = parts,
            ToolCalls = calls,
            ToolCallId = fields.Text("tool_call_id"),
            Name = fields.Text("name"),
            IsPrefix = fields.Flag("prefix"),
        };
    }

    private static Message Create(string role, string content, string where)
    {
        try
        {
            return new Message(role, content);
        }
        catch (ChatFormatException exception)
        {
            throw new ModelFileException(where, exception.Message, exception) { Field = "role" };
        }
    }

    // Content is a string, a list of parts, or nothing beside calls. Reasoning may be a part or a member of its own.
    private static (string Text, IReadOnlyList<ContentPart> Parts) Content(JsonFields fields, string where, bool isNeeded)
    {
        var (text, parts) = fields.Find("content") switch
        {
            null => ("", (List<ContentPart>)[]),
            { ValueKind: JsonValueKind.Array } list => ("", [.. list.EnumerateArray().SelectMany(part => Part(part, where))]),
            _ => (fields.Text("content")!, []),
        };
        if (Reasoning(fields) is { } reasoning)
        {
            return parts.Exists(part => part.IsThinking)
                ? throw fields.Error("content", "reasoning beside a member for reasoning", "one of both")
                : ("", [new ContentPart(reasoning, IsThinking: true), .. parts.Count > 0 ? parts : [new ContentPart(text)]]);
        }

        return isNeeded && fields.Find("content") is null
            ? throw fields.Error("content", "nothing", "text or a list of parts")
            : (text, parts);
    }

    private static string? Reasoning(JsonFields fields) =>
        (fields.Text("reasoning_content") ?? fields.Text("reasoning")) is { Length: > 0 } reasoning ? reasoning : null;

    private static IEnumerable<ContentPart> Part(JsonElement part, string where)
    {
        var fields = new JsonFields(part, $"{where}: content");
        // Without a type the member that holds the content tells it.
        string type = fields.Text("type") ?? fields.All.Select(field => field.Key).FirstOrDefault(name => name != "closed") ?? "";
        return type switch
        {
            "text" or "input_text" or "output_text" =>
                [new ContentPart(fields.Text("text") ?? throw fields.Error("text", "nothing", "a string"))],
            "thinking" =>
                [new ContentPart(Thinking(fields), IsThinking: true, !fields.Has("closed") || fields.Flag("closed"))],
            _ when type.Contains("image", StringComparison.Ordinal) =>
                throw fields.Error("type", $"'{type}'", "text, because images are not read"),
            _ when type.Contains("audio", StringComparison.Ordinal) =>
                throw fields.Error("type", $"'{type}'", "text, because audio is not read"),
            _ => throw fields.Error("type", $"'{type}'", "text or thinking"),
        };
    }

    // A string, or as Mistral's API has it a list of texts.
    private static string Thinking(JsonFields fields) => fields.Find("thinking") is { ValueKind: JsonValueKind.Array } list
        ? string.Concat(list.EnumerateArray().Select(text => fields.Item("thinking", text))
            .Select(text => text.Text("text") ?? throw text.Error("text", "nothing", "a string")))
        : fields.Text("thinking") ?? throw fields.Error("thinking", "nothing", "a string");

    private static ToolCall Call(JsonElement call, string where)
    {
        var (function, name) = ChatFile.Function(call, $"{where}: tool_calls");
        string arguments = function.Find("arguments") switch
        {
            null => "",
            { ValueKind: JsonValueKind.String } => function.Text("arguments")!,
            { } value => value.GetRawText(),
        };
        return new ToolCall(name, arguments, new JsonFields(call, where).Text("id"));
    }
}
