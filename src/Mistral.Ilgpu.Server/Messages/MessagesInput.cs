using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Reads the conversation of <c>/v1/messages</c>.</summary>
internal static class MessagesInput
{
    public static List<Message> Read(JsonElement? messages, JsonElement? system)
    {
        List<Message> read = system is null
            ? []
            : [new Message(MessageRole.System, string.Join("\n\n", Texts(system.Value, "system")))];
        if (messages is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
        {
            throw ApiException.Wrong("messages", messages?.GetRawText() ?? "nothing", "a list of at least one message");
        }

        foreach (var (index, message) in list.EnumerateArray().Index())
        {
            string where = $"messages[{index}]";
            string role = JsonUnions.RequiredText(message, "role", where);
            var content = JsonUnions.Field(message, "content", where)
                ?? throw ApiException.Wrong($"{where}.content", "nothing", "a string or a list of blocks");
            read.AddRange(role switch
            {
                "user" => User(content, $"{where}.content"),
                "assistant" => [Assistant(content, $"{where}.content")],
                _ => throw ApiException.Wrong($"{where}.role", $"'{role}'", "user or assistant"),
            });
        }

        // The model goes on with an answer that the conversation ends with.
        return read[^1].Role == MessageRole.Assistant ? [.. read[..^1], read[^1] with { IsPrefix = true }] : read;
    }

    // Results of tools are messages of their own, before what the user says.
    private static IEnumerable<Message> User(JsonElement content, string where)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return [new Message(MessageRole.User, JsonUnions.Text(content, where))];
        }

        List<Message> results = [];
        List<ContentPart> parts = [];
        foreach (var (block, type, place) in Blocks(content, where))
        {
            switch (type)
            {
                case "text":
                    parts.Add(new ContentPart(JsonUnions.RequiredText(block, "text", place)));
                    break;
                case "tool_result":
                    results.Add(new Message(MessageRole.Tool, Result(block, place))
                    {
                        ToolCallId = JsonUnions.RequiredText(block, "tool_use_id", place),
                    });
                    break;
                default:
                    throw ApiException.Wrong($"{place}.type", $"'{type}'", "text or tool_result");
            }
        }

        return parts.Count == 0 && results.Count > 0 ? results
            :
            [
                .. results,
                new Message(MessageRole.User, parts is [var only] ? only.Text : "") { Parts = parts is [_] ? [] : parts },
            ];
    }

    private static Message Assistant(JsonElement content, string where)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return new Message(MessageRole.Assistant, JsonUnions.Text(content, where));
        }

        List<ContentPart> parts = [];
        List<ToolCall> calls = [];
        foreach (var (block, type, place) in Blocks(content, where))
        {
            switch (type)
            {
                case "text":
                    parts.Add(new ContentPart(JsonUnions.RequiredText(block, "text", place)));
                    break;
                case "thinking":
                    parts.Add(new ContentPart(JsonUnions.RequiredText(block, "thinking", place), IsThinking: true));
                    break;
                case "tool_use":
                    var input = JsonUnions.Field(block, "input", place) ?? JsonElement.Parse("{}");
                    calls.Add(new ToolCall(
                        JsonUnions.RequiredText(block, "name", place), input.GetRawText(),
                        JsonUnions.RequiredText(block, "id", place)));
                    break;
                default:
                    throw ApiException.Wrong($"{place}.type", $"'{type}'", "text, thinking or tool_use");
            }
        }

        bool isText = parts is [{ IsThinking: false }];
        return new Message(MessageRole.Assistant, isText ? parts[0].Text : "")
        {
            Parts = isText ? [] : parts, ToolCalls = calls,
        };
    }

    private static string Result(JsonElement block, string where) => JsonUnions.Field(block, "content", where) is { } content
        ? string.Join("\n\n", Texts(content, $"{where}.content"))
        : "";

    private static IEnumerable<string> Texts(JsonElement value, string where) => value.ValueKind == JsonValueKind.String
        ? [JsonUnions.Text(value, where)]
        : Blocks(value, where).Select(block => block.Type == "text"
            ? JsonUnions.RequiredText(block.Block, "text", block.Where)
            : throw ApiException.Wrong($"{block.Where}.type", $"'{block.Type}'", "text"));

    private static IEnumerable<(JsonElement Block, string Type, string Where)> Blocks(JsonElement value, string where) =>
        value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray().Select((block, index) =>
                (block, JsonUnions.RequiredText(block, "type", $"{where}[{index}]"), $"{where}[{index}]"))
            : throw ApiException.Wrong(where, value.GetRawText(), "a string or a list of blocks");
}
