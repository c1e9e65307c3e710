using System.Text.Json;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>What the text of an answer must be, in any of the forms that OpenAI's and vLLM's clients send.</summary>
internal static class ConstraintFields
{
    private static readonly string[] Kinds = ["json", "regex", "choice", "grammar", "json_object"];

    /// <returns>Null for any text.</returns>
    public static ConstraintRequest? Read(GenerationRequest request, MistralServerOptions options)
    {
        List<ConstraintRequest> found = [];
        Add(found, Format(request.ResponseFormat));
        Add(found, Schema(request.GuidedJson, "guided_json"));
        Add(found, request.GuidedRegex is { } regex ? new("guided_regex", regex, Constraint.Regex) : null);
        Add(found, request.GuidedGrammar is { } grammar ? new("guided_grammar", grammar, Constraint.Grammar) : null);
        Add(found, request.GuidedChoice is { } choice ? Choices(choice, "guided_choice") : null);
        if (request.StructuredOutputs is { } outputs)
        {
            Outputs(outputs, found);
        }

        if (found.Count > 1)
        {
            throw ApiException.Wrong(found[1].Parameter, $"a constraint beside {found[0].Parameter}", "one constraint");
        }

        return Checked(found.SingleOrDefault(), options);
    }

    /// <summary>The form that <c>text.format</c> of a response gives.</summary>
    public static ConstraintRequest? ReadText(JsonElement? text, MistralServerOptions options)
    {
        if (text is null || JsonUnions.Field(text.Value, "format", "text") is not { } format)
        {
            return null;
        }

        const string Name = "text.format";
        return Checked(JsonUnions.RequiredText(format, "type", Name) switch
        {
            "text" => null,
            "json_object" => new(Name, "", _ => Constraint.JsonObject),
            "json_schema" => Schema(JsonUnions.Field(format, "schema", Name), $"{Name}.schema")
                ?? throw ApiException.Wrong($"{Name}.schema", "nothing", "a JSON schema"),
            var type => throw ApiException.Wrong($"{Name}.type", $"'{type}'", "text, json_object or json_schema"),
        }, options);
    }

    private static ConstraintRequest? Checked(ConstraintRequest? constraint, MistralServerOptions options) =>
        constraint is null || constraint.Text.Length <= options.MaxSchemaLength
            ? constraint
            : throw ApiException.Wrong(
                constraint.Parameter, "a longer text", $"at most {options.MaxSchemaLength} characters");

    private static ConstraintRequest? Format(JsonElement? value)
    {
        if (value is not { } format)
        {
            return null;
        }

        const string Name = "response_format";
        RequireObject(format, Name);
        string type = format.TryGetProperty("type", out var field) ? JsonUnions.Text(field, $"{Name}.type") : "";
        switch (type)
        {
            case "text":
                return null;
            case "json_object":
                return format.TryGetProperty("schema", out var schema)
                    ? Schema(schema, $"{Name}.schema")
                    : new(Name, "", _ => Constraint.JsonObject);
            case "json_schema":
                if (!format.TryGetProperty("json_schema", out var holder))
                {
                    throw ApiException.Wrong($"{Name}.json_schema", "nothing", "an object with a schema");
                }

                RequireObject(holder, $"{Name}.json_schema");
                return holder.TryGetProperty("schema", out var inner)
                    ? Schema(inner, $"{Name}.json_schema.schema")
                    : throw ApiException.Wrong($"{Name}.json_schema.schema", "nothing", "a JSON schema");
            default:
                throw ApiException.Wrong($"{Name}.type", $"'{type}'", "text, json_object or json_schema");
        }
    }

    private static void Outputs(JsonElement outputs, List<ConstraintRequest> found)
    {
        const string Name = "structured_outputs";
        RequireObject(outputs, Name);
        foreach (var field in outputs.EnumerateObject())
        {
            string name = $"{Name}.{field.Name}";
            if (field.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            Add(found, field.Name switch
            {
                "json" => Schema(field.Value, name),
                "regex" => new(name, JsonUnions.Text(field.Value, name), Constraint.Regex),
                "grammar" => new(name, JsonUnions.Text(field.Value, name), Constraint.Grammar),
                "choice" when field.Value.ValueKind == JsonValueKind.Array =>
                    Choices(JsonUnions.OneOrManyTexts(field.Value, name), name),
                "choice" => throw ApiException.Wrong(name, field.Value.GetRawText(), "a list of strings"),
                "json_object" => field.Value.ValueKind switch
                {
                    JsonValueKind.True => new(name, "", _ => Constraint.JsonObject),
                    JsonValueKind.False => null,
                    _ => throw ApiException.Wrong(name, field.Value.GetRawText(), "true or false"),
                },
                _ => throw ApiException.Wrong(Name, $"'{field.Name}'", string.Join(", ", Kinds)),
            });
        }
    }

    // vLLM's clients may send a schema as text.
    private static ConstraintRequest? Schema(JsonElement? value, string name) => value switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False } schema =>
            new(name, schema.GetRawText(), Constraint.JsonSchema),
        { ValueKind: JsonValueKind.String } text => new(name, JsonUnions.Text(text, name), Constraint.JsonSchema),
        { } other => throw ApiException.Wrong(name, other.GetRawText(), "a JSON schema"),
    };

    private static ConstraintRequest Choices(IReadOnlyList<string> texts, string name) => texts.Count > 0
        ? new(name, string.Concat(texts), _ => Constraint.Choice(texts))
        : throw ApiException.Wrong(name, "an empty list", "at least one string");

    private static void RequireObject(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw ApiException.Wrong(name, value.GetRawText(), "an object");
        }
    }

    private static void Add(List<ConstraintRequest> found, ConstraintRequest? constraint)
    {
        if (constraint is not null)
        {
            found.Add(constraint);
        }
    }
}
