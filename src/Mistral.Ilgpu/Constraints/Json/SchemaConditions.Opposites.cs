using System.Text.Json;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The opposite of a schema: one of its keywords does not hold.</summary>
internal sealed partial class SchemaConditions
{
    private const string WithinNot = "within 'not', or in one of several schemas of 'oneOf' that share values";

    // Keywords of objects whose opposite is that some property is not what they ask.
    private static readonly string[] NotOpposed =
        ["patternProperties", "additionalProperties", "propertyNames", "dependencies", "dependentRequired"];

    private List<ValueConditions> Negative(List<ValueConditions> all, SchemaNode node)
    {
        List<List<ValueConditions>> ways = [];
        if (node.Find("$ref", JsonValueKind.String) is { } reference)
        {
            ways.Add(Apply(all, new SchemaLiteral(Document.Resolve(node, reference.GetString()!), IsPositive: false)));
            if (Document.HidesSiblings)
            {
                return ways[0];
            }
        }

        RefuseUnsupported(node);
        ways.Add(NotTypes(all, node));
        ways.Add(NotConstants(all, node));
        ways.AddRange(NotNumbers(all, node));
        ways.AddRange(NotStrings(all, node));
        ways.AddRange(NotObjects(all, node));
        ways.AddRange(NotArrays(all, node));
        ways.AddRange(Schemas(node, "allOf").Select(schema => Apply(all, schema.Opposite)));
        if (Schema(node, "not") is { } not)
        {
            ways.Add(Apply(all, not));
        }

        if (node.Has("anyOf"))
        {
            ways.Add(Schemas(node, "anyOf").Aggregate(all, (left, schema) => Apply(left, schema.Opposite)));
        }

        if (node.Has("oneOf"))
        {
            ways.AddRange(NotOneOf(all, node));
        }

        if (Schema(node, "if") is { } condition)
        {
            ways.Add(Schema(node, "then") is { } then ? Apply(Apply(all, condition), then.Opposite) : []);
            ways.Add(Schema(node, "else") is { } other ? Apply(Apply(all, condition.Opposite), other.Opposite) : []);
        }

        return Union(ways);
    }

    // None matches, or two do.
    private IEnumerable<List<ValueConditions>> NotOneOf(List<ValueConditions> all, SchemaNode node)
    {
        var schemas = Schemas(node, "oneOf");
        yield return schemas.Aggregate(all, (left, schema) => Apply(left, schema.Opposite));
        for (int i = 0; i < schemas.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                yield return Apply(Apply(all, schemas[i]), schemas[j]);
            }
        }
    }

    private static List<ValueConditions> NotTypes(List<ValueConditions> all, SchemaNode node)
    {
        if (node.Find("type", JsonValueKind.String, JsonValueKind.Array) is not { } type)
        {
            return [];
        }

        string[] names = NamesOf(node, type);
        var types = names.Aggregate(JsonTypes.None, (types, name) => types | TypeOf(node, name));
        var others = Narrow(all, one => one.Only(JsonTypes.All & ~types));
        return !names.Contains("integer") || names.Contains("number") ? others : Union([
            others,
            Narrow(all, one => one.Numbers.IsInteger || one.Only(JsonTypes.Number) is not { } numbers
                ? null
                : numbers with { Numbers = numbers.Numbers with { IsFraction = true } })]);
    }

    private List<ValueConditions> NotConstants(List<ValueConditions> all, SchemaNode node)
    {
        List<List<ValueConditions>> ways = [];
        if (node.Value.TryGetProperty("const", out var constant))
        {
            ways.Add(NoneOf(all, node, [constant], "const"));
        }

        if (node.Find("enum", JsonValueKind.Array) is { } values)
        {
            ways.Add(NoneOf(all, node, [.. values.EnumerateArray()], "enum"));
        }

        return Union(ways);
    }

    private List<ValueConditions> NoneOf(List<ValueConditions> all, SchemaNode node, JsonElement[] values, string keyword)
    {
        if (values.Any(value => value.ValueKind is JsonValueKind.Object or JsonValueKind.Array))
        {
            throw node.Fault(keyword, "an object or an array within 'not'", "other values");
        }

        var factory = compiler.Factory;
        var types = values.Aggregate(JsonTypes.None, (types, value) => types | TypeOf(value));
        types &= JsonTypes.Null | JsonTypes.Boolean;
        string[] strings = [.. values.Where(value => value.ValueKind == JsonValueKind.String)
            .Select(value => TextOf(node, keyword, value))];
        var others = factory.And(factory.AllText, factory.Not(factory.Concat(factory.OfTexts(strings), factory.Ended)));
        ExactNumber[] numbers = [.. values.Where(value => value.ValueKind == JsonValueKind.Number)
            .Select(value => ExactNumber.Parse(value.GetRawText())).OfType<ExactNumber>()];
        return Narrow(all, one => one.Only(JsonTypes.All & ~types) is not { } narrowed
            ? null
            : narrowed with
            {
                Strings = strings.Length > 0 ? narrowed.Strings.Add(others) : narrowed.Strings,
                Numbers = narrowed.Numbers with { Except = narrowed.Numbers.Except.Union(numbers) },
            });
    }

    private static IEnumerable<List<ValueConditions>> NotNumbers(List<ValueConditions> all, SchemaNode node)
    {
        var numbers = Narrow(all, one => one.Only(JsonTypes.Number));
        var (min, isMinExclusive) = Limit(node, "minimum", "exclusiveMinimum", isLower: true);
        if (min is { } least)
        {
            yield return Narrow(numbers, one => one with { Numbers = one.Numbers.AtMost(least, !isMinExclusive) });
        }

        var (max, isMaxExclusive) = Limit(node, "maximum", "exclusiveMaximum", isLower: false);
        if (max is { } most)
        {
            yield return Narrow(numbers, one => one with { Numbers = one.Numbers.AtLeast(most, !isMaxExclusive) });
        }

        if (node.Has("multipleOf") && numbers.Count > 0)
        {
            throw node.Fault("multipleOf", "one within 'not'", "none there");
        }
    }

    private IEnumerable<List<ValueConditions>> NotStrings(List<ValueConditions> all, SchemaNode node)
    {
        var strings = Narrow(all, one => one.Only(JsonTypes.String));
        if (node.FindCount("minLength") is > 0 and var min)
        {
            yield return Narrow(strings, one => one with { MaxLength = Math.Min(one.MaxLength, min - 1) });
        }

        if (node.FindCount("maxLength") is { } max)
        {
            yield return Narrow(strings, one => one with { MinLength = Math.Max(one.MinLength, max + 1) });
        }

        // The language of all that the keywords allow, whose opposite is one language too.
        var allowed = Strings([ValueConditions.None], node)[0].Strings;
        var factory = compiler.Factory;
        if (allowed.Count > 0)
        {
            var others = factory.And(factory.AllText, factory.Not(factory.And([.. allowed])));
            yield return Narrow(strings, one => one with { Strings = one.Strings.Add(others) });
        }
    }

    private IEnumerable<List<ValueConditions>> NotObjects(List<ValueConditions> all, SchemaNode node)
    {
        var objects = Narrow(all, one => one.Only(JsonTypes.Object));
        if (node.Find("required", JsonValueKind.Array) is { } required)
        {
            foreach (string name in Texts(node, "required", required))
            {
                yield return Narrow(objects, one => one with { Forbidden = one.Forbidden.Add(name) });
            }
        }

        foreach (var property in Members(node, "properties"))
        {
            var schema = new SchemaLiteral(Document.Child(node, property.Value, "properties", property.Name), IsPositive: false);
            yield return WithProperty(objects, property.Name, schema);
        }

        if (node.FindCount("minProperties") is > 0 and var min)
        {
            yield return Narrow(objects, one => one with { MaxProperties = Math.Min(one.MaxProperties, min - 1) });
        }

        if (node.FindCount("maxProperties") is { } max)
        {
            yield return Narrow(objects, one => one with { MinProperties = Math.Max(one.MinProperties, max + 1) });
        }

        foreach (string keyword in NotOpposed)
        {
            if (objects.Count > 0 && node.Value.TryGetProperty(keyword, out var value) && value.ValueKind != JsonValueKind.True
                && !(value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().Any()))
            {
                throw node.Fault(keyword, $"one {WithinNot}", "none there");
            }
        }
    }

    // The object has the property, and its value is not what the schema asks.
    private List<ValueConditions> WithProperty(List<ValueConditions> objects, string name, SchemaLiteral schema)
    {
        var layer = new ObjectLayer(new Dictionary<string, SchemaLiteral>(StringComparer.Ordinal) { [name] = schema }, [], null);
        return compiler.IsSatisfiable(compiler.GoalOf([schema]))
            ? Narrow(objects, one => one with { Layers = one.Layers.Add(layer), Required = one.Required.Add(name) })
            : [];
    }

    private IEnumerable<List<ValueConditions>> NotArrays(List<ValueConditions> all, SchemaNode node)
    {
        var arrays = Narrow(all, one => one.Only(JsonTypes.Array));
        if (node.FindCount("minItems") is > 0 and var min)
        {
            yield return Narrow(arrays, one => one with { MaxItems = Math.Min(one.MaxItems, min - 1) });
        }

        if (node.FindCount("maxItems") is { } max)
        {
            yield return Narrow(arrays, one => one with { MinItems = Math.Max(one.MinItems, max + 1) });
        }

        if (node.Find("items", JsonValueKind.Object, JsonValueKind.Array, JsonValueKind.True, JsonValueKind.False) is
                { ValueKind: JsonValueKind.Object or JsonValueKind.False } && !node.Has("prefixItems"))
        {
            // Some item is not what all must be.
            var other = Schema(node, "items")!.Value.Opposite;
            yield return Narrow(arrays, one => one.Contains is null
                ? one with { Contains = other, MinContains = 1, MaxContains = int.MaxValue }
                : throw node.Fault("items", "more than one condition on some item", "one"));
        }
        else if (arrays.Count > 0 && (node.Has("items") || node.Has("prefixItems")))
        {
            throw node.Fault("items", $"a list {WithinNot}", "none there");
        }

        if (Schema(node, "contains") is { } contains)
        {
            if (node.Has("minContains") || node.Has("maxContains"))
            {
                throw node.Fault("contains", "a number of items within 'not'", "none there");
            }

            yield return Narrow(arrays, one => one with { Items = one.Items.Add(new ArrayLayer([], contains.Opposite)) });
        }
    }
}
