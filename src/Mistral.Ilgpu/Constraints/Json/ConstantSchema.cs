using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The schema of one object or array, whose members come in any order and in any spelling.</summary>
internal static class ConstantSchema
{
    // Three levels stand for one of the value.
    private static readonly JsonSerializerOptions Deep = new() { MaxDepth = 256 };

    public static JsonElement Of(JsonElement value) => JsonSerializer.SerializeToElement(NodeOf(value), Deep);

    private static JsonObject NodeOf(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                var properties = new JsonObject();
                foreach (var property in value.EnumerateObject())
                {
                    properties[property.Name] = NodeOf(property.Value);
                }

                return new JsonObject
                {
                    ["type"] = "object",
                    ["required"] = new JsonArray([.. properties.Select(property => JsonValue.Create(property.Key))]),
                    ["properties"] = properties,
                    ["additionalProperties"] = false,
                };
            case JsonValueKind.Array:
                int count = value.GetArrayLength();
                return new JsonObject
                {
                    ["type"] = "array",
                    ["prefixItems"] = new JsonArray([.. value.EnumerateArray().Select(NodeOf)]),
                    ["minItems"] = count,
                    ["maxItems"] = count,
                };
            default:
                return new JsonObject { ["const"] = JsonNode.Parse(value.GetRawText()) };
        }
    }
}
