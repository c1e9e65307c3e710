using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Reads the input of <c>/v1/responses</c> as a conversation.</summary>
internal static class ResponseInput
{
    private const string Name = "input";

    public static List<Message> Read(JsonElement? input, string? instructions)
    {
        List<Message> messages = instructions is null ? [] : [new Message(MessageRole.System, instructions)];
        switch (input)
        {
            case { ValueKind: JsonValueKind.String } text:
                messages.Add(new Message(MessageRole.User, JsonUnions.Text(text, Name)));
                break;
            case { ValueKind: JsonValueKind.Array } list:
                messages.AddRange(list.EnumerateArray().Select((item, index) => Item(item, $"{Name}[{index}]")));
                break;
            default:
                throw ApiException.Wrong(Name, input?.GetRawText() ?? "nothing", "a string or a list of items");
        }

        return messages.Count > 0 ? messages : throw ApiException.Wrong(Name, "an empty list", "at least one item");
    }

    private static Message Item(JsonElement item, string where)
    {
        string type = JsonUnions.Field(item, "type", where) is { } named ? JsonUnions.Text(named, $"{where}.type") : "message";
        return type switch
        {
            "message" => MessageOf(Role(item, where), [.. Content(item, where)]),
            "function_call" => new Message(MessageRole.Assistant, "")
            {
                ToolCalls =
                [
                    new ToolCall(
                        JsonUnions.RequiredText(item, "name", where), JsonUnions.RequiredText(item, "arguments", where),
                        JsonUnions.RequiredText(item, "call_id", where)),
                ],
            },
            "function_call_output" => new Message(MessageRole.Tool, Output(item, where))
            {
                ToolCallId = JsonUnions.RequiredText(item, "call_id", where),
            },
            "reasoning" => new Message(MessageRole.Assistant, "")
            {
                Parts = [new ContentPart(Reasoning(item, where), IsThinking: true)],
            },
            _ => throw ApiException.Wrong(
                $"{where}.type", $"'{type}'", "message, function_call, function_call_output or reasoning"),
        };
    }

    private static Message MessageOf(MessageRole role, IReadOnlyList<ContentPart> parts) => parts is [var only]
        ? new Message(role, only.Text)
        : new Message(role, "") { Parts = parts };

    private static MessageRole Role(JsonElement item, string where) => JsonUnions.RequiredText(item, "role", where) switch
    {
        "user" => MessageRole.User,
        "assistant" => MessageRole.Assistant,
        "system" or "developer" => MessageRole.System,
        var role => throw ApiException.Wrong($"{where}.role", $"'{role}'", "user, assistant, system or developer"),
    };

    private static IEnumerable<ContentPart> Content(JsonElement item, string where) =>
        Texts(JsonUnions.Field(item, "content", where), $"{where}.content", "input_text", "output_text", "text")
            .Select(text => new ContentPart(text));

    private static string Output(JsonElement item, string where) => string.Concat(
        Texts(JsonUnions.Field(item, "output", where), $"{where}.output", "input_text", "output_text"));

    private static string Reasoning(JsonElement item, string where) => JsonUnions.Field(item, "content", where) is { } content
        ? string.Concat(Texts(content, $"{where}.content", "reasoning_text"))
        : string.Concat(Texts(JsonUnions.Field(item, "summary", where), $"{where}.summary", "summary_text"));

    // A text, or a list of parts that are text.
    private static IEnumerable<string> Texts(JsonElement? value, string where, params string[] types) => value switch
    {
        { ValueKind: JsonValueKind.String } text => [JsonUnions.Text(text, where)],
        { ValueKind: JsonValueKind.Array } parts =>
            parts.EnumerateArray().Select((part, i) => Part(part, $"{where}[{i}]", types)),
        _ => throw ApiException.Wrong(where, value?.GetRawText() ?? "nothing", "a string or a list of parts"),
    };

    private static string Part(JsonElement part, string where, string[] types) =>
        JsonUnions.RequiredText(part, "type", where) is var type && types.Contains(type)
            ? JsonUnions.RequiredText(part, "text", where)
            : throw ApiException.Wrong($"{where}.type", $"'{type}'", string.Join(" or ", types));
}
