using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Reads the tools of <c>/v1/messages</c>, and which of them the model may or must call.</summary>
internal static class MessagesTools
{
    public static IReadOnlyList<ToolDefinition> Read(JsonElement? tools) => tools switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select((tool, i) => Tool(tool, $"tools[{i}]"))],
        { } other => throw ApiException.Wrong("tools", other.GetRawText(), "a list"),
    };

    /// <returns>The choice as the library names it, and whether there may be several calls.</returns>
    public static (string Choice, bool HasParallelCalls) ReadChoice(JsonElement? choice)
    {
        const string Name = "tool_choice";
        if (choice is not { } given)
        {
            return ("auto", true);
        }

        string type = JsonUnions.RequiredText(given, "type", Name);
        bool hasParallelCalls = JsonUnions.Field(given, "disable_parallel_tool_use", Name)?.ValueKind != JsonValueKind.True;
        return (type switch
        {
            "auto" or "none" => type,
            "any" => "required",
            "tool" => JsonUnions.RequiredText(given, "name", Name),
            _ => throw ApiException.Wrong($"{Name}.type", $"'{type}'", "auto, any, none or tool"),
        }, hasParallelCalls);
    }

    private static ToolDefinition Tool(JsonElement tool, string where)
    {
        string type = JsonUnions.Field(tool, "type", where) is { } named ? JsonUnions.Text(named, $"{where}.type") : "custom";
        if (type != "custom")
        {
            throw ApiException.Wrong($"{where}.type", $"'{type}'", "custom, because the server runs no tools itself");
        }

        return new ToolDefinition(
            JsonUnions.RequiredText(tool, "name", where),
            JsonUnions.Field(tool, "description", where) is { } text ? JsonUnions.Text(text, $"{where}.description") : "",
            JsonUnions.Field(tool, "input_schema", where)
                ?? throw ApiException.Wrong($"{where}.input_schema", "nothing", "a JSON schema"));
    }
}
