using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>Reads the tools of <c>/v1/responses</c>, and what else the model is told besides the conversation.</summary>
internal static class ResponseTools
{
    public static ChatSettings Read(ResponseRequest fields) => new()
    {
        Tools = [.. Tools(fields.Tools)],
        ToolChoice = ToolChoice(fields.ToolChoice),
        AllowsParallelCalls = fields.ParallelToolCalls ?? true,
        ReasoningEffort = fields.Reasoning?.Effort,
    };

    private static IEnumerable<ToolDefinition> Tools(JsonElement? tools)
    {
        if (tools is null)
        {
            yield break;
        }

        if (tools.Value.ValueKind != JsonValueKind.Array)
        {
            throw ApiException.Wrong("tools", tools.Value.GetRawText(), "a list");
        }

        foreach (var (index, tool) in tools.Value.EnumerateArray().Index())
        {
            string where = $"tools[{index}]";
            string type = JsonUnions.RequiredText(tool, "type", where);
            if (type != "function")
            {
                throw ApiException.Wrong($"{where}.type", $"'{type}'", "function");
            }

            yield return new ToolDefinition(
                JsonUnions.RequiredText(tool, "name", where),
                JsonUnions.Field(tool, "description", where) is { } text ? JsonUnions.Text(text, $"{where}.description") : "",
                JsonUnions.Field(tool, "parameters", where) ?? JsonElement.Parse("{}"))
            {
                IsStrict = JsonUnions.Field(tool, "strict", where)?.ValueKind == JsonValueKind.True,
            };
        }
    }

    private static string ToolChoice(JsonElement? choice) => choice switch
    {
        null => "auto",
        { ValueKind: JsonValueKind.String } word => JsonUnions.Text(word, "tool_choice"),
        { ValueKind: JsonValueKind.Object } function
            when JsonUnions.RequiredText(function, "type", "tool_choice") == "function" =>
            JsonUnions.RequiredText(function, "name", "tool_choice"),
        { } other => throw ApiException.Wrong("tool_choice", other.GetRawText(), "auto, none, required or a function"),
    };
}
