using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>
/// A call that the model has to make. No chat format can demand one, so the answer is begun for the model, and the rest has the
/// form of a call: behind [TOOL_CALLS] a list of objects, or behind a name and [ARGS] the arguments, as the format has it.
/// </summary>
/// <param name="Tools">The functions that may be called.</param>
/// <param name="HasParallelCalls">Whether there may be several calls.</param>
internal sealed record CallDemand(IReadOnlyList<ToolDefinition> Tools, bool HasParallelCalls)
{
    private static readonly string[] ListFormats = ["v2", "v3", "v7"];

    /// <summary>The demand of a conversation's settings; null where the model may choose.</summary>
    public static CallDemand? Of(ChatSettings settings, bool hasParallelCalls) => settings.ToolChoice switch
    {
        "auto" or "none" => null,
        "required" or "any" when settings.Tools.Count == 0 =>
            throw ApiException.Wrong("tool_choice", $"'{settings.ToolChoice}' without tools", "tools"),
        "required" or "any" => new CallDemand(settings.Tools, hasParallelCalls),
        var name => settings.Tools.Where(tool => tool.Name == name).ToList() is { Count: > 0 } named
            ? new CallDemand(named, hasParallelCalls)
            : throw ApiException.Wrong("tool_choice", $"'{name}'", "auto, none, required or the name of a tool"),
    };

    /// <summary>Whether calls are a list of objects in the model's format.</summary>
    public static bool IsList(TextTokenizer tokenizer) => ListFormats.Contains(TokenizerVersion.Of(tokenizer));

    /// <summary>What calls begin with.</summary>
    public static int[] Start(TextTokenizer tokenizer) => [tokenizer.FindControl("[TOOL_CALLS]")];

    /// <summary>What the call of a function begins with.</summary>
    public static int[] Start(TextTokenizer tokenizer, string name) =>
        [.. Start(tokenizer), .. tokenizer.EncodeToIds(name), tokenizer.FindControl("[ARGS]")];

    /// <summary>The form of a list of calls.</summary>
    public Constraint List()
    {
        var items = new JsonArray();
        foreach (var (index, tool) in Tools.Index())
        {
            string parameters = Schema(tool);
            if (parameters.Contains("\"$ref\"", StringComparison.Ordinal))
            {
                throw ApiException.Unsupported(
                    $"tools[{index}].function.parameters", "$ref cannot be demanded in this model's chat format");
            }

            items.Add(new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["const"] = tool.Name }, ["arguments"] = JsonNode.Parse(parameters),
                },
                ["required"] = new JsonArray("name", "arguments"),
                ["additionalProperties"] = false,
            });
        }

        var list = new JsonObject
        {
            ["type"] = "array", ["minItems"] = 1, ["items"] = new JsonObject { ["anyOf"] = items },
        };
        if (!HasParallelCalls)
        {
            list["maxItems"] = 1;
        }

        return Compile(list.ToJsonString(), "tools");
    }

    /// <summary>The form of the arguments of a function.</summary>
    public Constraint Arguments(string name)
    {
        int index = Tools.ToList().FindIndex(tool => tool.Name == name);
        return Compile(Schema(Tools[index]), $"tools[{index}].function.parameters");
    }

    // Arguments are an object, whatever the schema leaves open.
    private static string Schema(ToolDefinition tool)
    {
        if (tool.Parameters.ValueKind != JsonValueKind.Object || tool.Parameters.TryGetProperty("type", out _))
        {
            return tool.Parameters.ValueKind == JsonValueKind.Object ? tool.Parameters.GetRawText() : """{"type":"object"}""";
        }

        var schema = JsonObject.Create(tool.Parameters)!;
        schema["type"] = "object";
        return schema.ToJsonString();
    }

    private static Constraint Compile(string schema, string parameter)
    {
        try
        {
            return Constraint.JsonSchema(schema);
        }
        catch (ArgumentException exception)
        {
            throw new ApiException(400, $"{parameter}: {exception.Message}", parameter, "unsupported_value");
        }
    }
}
