using System.Text.Json;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Types, constants, numbers and strings.</summary>
internal sealed partial class SchemaConditions
{
    private static List<ValueConditions> Types(List<ValueConditions> all, SchemaNode node)
    {
        if (node.Find("type", JsonValueKind.String, JsonValueKind.Array) is not { } type)
        {
            return all;
        }

        string[] names = NamesOf(node, type);
        var types = names.Aggregate(JsonTypes.None, (types, name) => types | TypeOf(node, name));
        bool isInteger = names.Contains("integer") && !names.Contains("number");
        return Narrow(all, one => one.Only(types) is { } narrowed && isInteger
            ? narrowed with { Numbers = narrowed.Numbers with { IsInteger = true } }
            : one.Only(types));
    }

    private static string[] NamesOf(SchemaNode node, JsonElement type) => type.ValueKind == JsonValueKind.String
        ? [type.GetString()!]
        : [.. type.EnumerateArray().Select(name => name.ValueKind == JsonValueKind.String
            ? name.GetString()!
            : throw node.Fault("type", name.ValueKind.ToString(), "names of types"))];

    private static JsonTypes TypeOf(SchemaNode node, string name) => name switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "number" or "integer" => JsonTypes.Number,
        "string" => JsonTypes.String,
        "object" => JsonTypes.Object,
        "array" => JsonTypes.Array,
        _ => throw node.Fault("type", $"'{name}'", "null, boolean, number, integer, string, object or array"),
    };

    private List<ValueConditions> Constants(List<ValueConditions> all, SchemaNode node)
    {
        if (node.Value.TryGetProperty("const", out var constant))
        {
            all = OneOf(all, node, [constant], "const");
        }

        return node.Find("enum", JsonValueKind.Array) is { } values
            ? OneOf(all, node, [.. values.EnumerateArray()], "enum")
            : all;
    }

    private List<ValueConditions> OneOf(List<ValueConditions> all, SchemaNode node, JsonElement[] values, string keyword)
    {
        var types = JsonTypes.None;
        List<string> strings = [];
        List<ExactNumber> numbers = [];
        foreach (var value in values)
        {
            types |= TypeOf(value);
            switch (value.ValueKind)
            {
                case JsonValueKind.String:
                    strings.Add(TextOf(node, keyword, value));
                    break;
                case JsonValueKind.Number:
                    numbers.Add(Exact(node, keyword, value));
                    break;
            }
        }

        var factory = compiler.Factory;
        var text = factory.Concat(factory.OfTexts(strings), factory.Ended);
        var scalars = Narrow(all, one => one.Only(types & JsonTypes.Scalar) is not { } narrowed
            ? null
            : narrowed with
            {
                Strings = strings.Count > 0 ? narrowed.Strings.Add(text) : narrowed.Strings,
                Numbers = numbers.Count > 0 ? narrowed.Numbers.OneOf(numbers) : narrowed.Numbers,
            });
        return Union([scalars, .. Nested(node, keyword, values).Select(schema => Apply(all, schema))]);
    }

    // Constants that are objects and arrays, as schemas.
    private List<SchemaLiteral> Nested(SchemaNode node, string keyword, JsonElement[] values)
    {
        List<SchemaLiteral> nested = [];
        foreach (var value in values.Where(value => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array))
        {
            var schema = ConstantSchema.Of(value);
            nested.Add(new SchemaLiteral(Document.Child(node, schema, keyword, $"{nested.Count}"), IsPositive: true));
        }

        return nested;
    }

    private static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.False => JsonTypes.False,
        JsonValueKind.True => JsonTypes.True,
        JsonValueKind.Number => JsonTypes.Number,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Object => JsonTypes.Object,
        _ => JsonTypes.Array,
    };

    private static string TextOf(SchemaNode node, string keyword, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw node.Fault(keyword, "half of a surrogate pair", "text");
        }
    }

    private static List<ValueConditions> Numbers(List<ValueConditions> all, SchemaNode node)
    {
        var (min, isMinExclusive) = Limit(node, "minimum", "exclusiveMinimum", isLower: true);
        var (max, isMaxExclusive) = Limit(node, "maximum", "exclusiveMaximum", isLower: false);
        var step = Step(node);
        return min is null && max is null && step is null ? all : Narrow(all, conditions =>
        {
            var numbers = conditions.Numbers;
            numbers = min is { } least ? numbers.AtLeast(least, isMinExclusive) : numbers;
            numbers = max is { } most ? numbers.AtMost(most, isMaxExclusive) : numbers;
            return conditions with { Numbers = step is { } unit ? numbers.MultipleOf(unit) : numbers };
        });
    }

    private static ExactNumber? Step(SchemaNode node) => Number(node, "multipleOf") is { } step && step <= ExactNumber.Zero
        ? throw node.Fault("multipleOf", "0 or less", "more than 0")
        : Number(node, "multipleOf");

    // In draft 4 the exclusive one is a boolean beside the other.
    private static (ExactNumber? Limit, bool IsExclusive) Limit(SchemaNode node, string keyword, string exclusive, bool isLower)
    {
        var limit = Number(node, keyword);
        if (node.Find(exclusive, JsonValueKind.Number, JsonValueKind.True, JsonValueKind.False) is not { } other)
        {
            return (limit, false);
        }

        if (other.ValueKind != JsonValueKind.Number)
        {
            return (limit, other.ValueKind == JsonValueKind.True);
        }

        var open = Number(node, exclusive)!.Value;
        return limit is { } closed && (isLower ? closed > open : closed < open) ? (closed, false) : (open, true);
    }

    private static ExactNumber? Number(SchemaNode node, string keyword) =>
        node.Find(keyword, JsonValueKind.Number) is { } number ? Exact(node, keyword, number) : null;

    private static ExactNumber Exact(SchemaNode node, string keyword, JsonElement number) =>
        ExactNumber.Parse(number.GetRawText()) ?? throw node.Fault(keyword, number.GetRawText(), "a number of fewer digits");

    private List<ValueConditions> Strings(List<ValueConditions> all, SchemaNode node)
    {
        if (node.FindCount("minLength") is { } min)
        {
            all = Narrow(all, one => one with { MinLength = Math.Max(one.MinLength, min) });
        }

        if (node.FindCount("maxLength") is { } max)
        {
            all = Narrow(all, one => one with { MaxLength = Math.Min(one.MaxLength, max) });
        }

        if (node.Find("pattern", JsonValueKind.String) is { } pattern)
        {
            var language = InSchema(node, "pattern", () => compiler.PatternOf(pattern.GetString()!));
            all = Narrow(all, one => one with { Strings = one.Strings.Add(language) });
        }

        if (node.Find("format", JsonValueKind.String) is { } format
            && InSchema(node, "format", () => StringFormats.PatternOf(format.GetString()!)) is { } known)
        {
            var language = new PatternLanguage(compiler.Factory).Whole(known);
            all = Narrow(all, one => one with { Strings = one.Strings.Add(language) });
        }

        return all;
    }

    private static T InSchema<T>(SchemaNode node, string keyword, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ConstraintSyntaxException exception)
        {
            throw new ConstraintSyntaxException($"schema: {node.Pointer}/{keyword}: {exception.Message}");
        }
    }
}
