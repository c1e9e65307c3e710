using System.Text.Json;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The opposite of a schema: one of its keywords does not hold.</summary>
internal sealed partial class SchemaConditions
{
    private List<ValueConditions> Negative(List<ValueConditions> all, SchemaNode node)
    {
        List<List<ValueConditions>> ways = [.. ReferredTo(node).Select(schema => Apply(all, schema.Opposite))];
        if (Document.HidesSiblings && node.Has("$ref"))
        {
            return Union(ways);
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

    private List<ValueConditions> NotTypes(List<ValueConditions> all, SchemaNode node)
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
            Narrow(all, one => one.Only(JsonTypes.Number) is { } numbers
                ? numbers with { Numbers = numbers.Numbers.NotMultipleOf(ExactNumber.One) }
                : null)]);
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
        var factory = compiler.Factory;
        var types = values.Aggregate(JsonTypes.None, (types, value) => types | TypeOf(value));
        types &= JsonTypes.Null | JsonTypes.Boolean;
        string[] strings = [.. values.Where(value => value.ValueKind == JsonValueKind.String)
            .Select(value => TextOf(node, keyword, value))];
        var others = factory.And(factory.AllText, factory.Not(factory.Concat(factory.OfTexts(strings), factory.Ended)));
        ExactNumber[] numbers = [.. values.Where(value => value.ValueKind == JsonValueKind.Number)
            .Select(value => Exact(node, keyword, value))];
        all = Narrow(all, one => one.Only(JsonTypes.All & ~types) is not { } narrowed
            ? null
            : narrowed with
            {
                Strings = strings.Length > 0 ? narrowed.Strings.Add(others) : narrowed.Strings,
                Numbers = narrowed.Numbers with { Except = narrowed.Numbers.Except.Union(numbers) },
            });
        return Nested(node, keyword, values).Aggregate(all, (left, schema) => Apply(left, schema.Opposite));
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

        if (Step(node) is { } step)
        {
            yield return Narrow(numbers, one => one with { Numbers = one.Numbers.NotMultipleOf(step) });
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
}
