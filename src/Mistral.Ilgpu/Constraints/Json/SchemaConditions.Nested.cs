using System.Text.Json;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Objects and arrays.</summary>
internal sealed partial class SchemaConditions
{
    private static readonly string[] DependencyKeywords = ["dependencies", "dependentRequired", "dependentSchemas"];

    private List<ValueConditions> Objects(List<ValueConditions> all, SchemaNode node)
    {
        if (LayerOf(node) is { } layer)
        {
            all = Narrow(all, one => one with { Layers = one.Layers.Add(layer) });
        }

        // Draft 3 had a boolean in its place, which means nothing since.
        if (node.Find("required", JsonValueKind.Array, JsonValueKind.True, JsonValueKind.False) is
            { ValueKind: JsonValueKind.Array } required)
        {
            string[] names = Texts(node, "required", required);
            // One name is a witness, so that alternatives of one name each can be joined.
            all = names is [var name]
                ? Narrow(all, one => one with { Denials = one.Denials.Push(ObjectDenial.OfRequired(name)) })
                : Narrow(all, one => one with { Required = one.Required.Union(names) });
        }

        if (node.FindCount("minProperties") is { } min)
        {
            all = Narrow(all, one => one with { MinProperties = Math.Max(one.MinProperties, min) });
        }

        if (node.FindCount("maxProperties") is { } max)
        {
            all = Narrow(all, one => one with { MaxProperties = Math.Min(one.MaxProperties, max) });
        }

        if (Schema(node, "propertyNames") is { } namesSchema)
        {
            var names = NamesOf(namesSchema);
            all = Narrow(all, one => one with { Names = one.Names.Add(names) });
        }

        return DependencyKeywords.Aggregate(all, (left, keyword) => Dependencies(left, node, keyword));
    }

    private ObjectLayer? LayerOf(SchemaNode node)
    {
        var properties = new Dictionary<string, SchemaLiteral>(StringComparer.Ordinal);
        List<(string, SchemaLiteral)> patterns = [];
        foreach (var property in Members(node, "properties"))
        {
            properties[property.Name] = new(Document.Child(node, property.Value, "properties", property.Name), IsPositive: true);
        }

        foreach (var property in Members(node, "patternProperties"))
        {
            _ = InSchema(node, "patternProperties", () => compiler.PatternOf(property.Name));
            var child = Document.Child(node, property.Value, "patternProperties", property.Name);
            patterns.Add((property.Name, new(child, IsPositive: true)));
        }

        var additional = Schema(node, "additionalProperties");
        return properties.Count > 0 || patterns.Count > 0 || additional is not null
            ? new ObjectLayer(properties, patterns, additional)
            : null;
    }

    private static JsonElement.ObjectEnumerator Members(SchemaNode node, string keyword) =>
        node.Find(keyword, JsonValueKind.Object)?.EnumerateObject() ?? default;

    private static string[] Texts(SchemaNode node, string keyword, JsonElement array) =>
        [.. array.EnumerateArray().Select(text => text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw node.Fault(keyword, text.ValueKind.ToString(), "texts"))];

    // The texts that a schema has among strings.
    private Language NamesOf(SchemaLiteral schema)
    {
        var strings = Apply([ValueConditions.None with { Types = JsonTypes.String }], schema);
        return compiler.Factory.Or([.. strings.Select(compiler.TextOf)]);
    }

    private List<ValueConditions> Dependencies(List<ValueConditions> all, SchemaNode node, string keyword)
    {
        foreach (var property in Members(node, keyword))
        {
            string name = property.Name;
            if (property.Value.ValueKind == JsonValueKind.Array)
            {
                string[] names = Texts(node, keyword, property.Value);
                all = Narrow(all, one => one with { Dependents = one.Dependents.Add((name, names)) });
                continue;
            }

            var schema = new SchemaLiteral(Document.Child(node, property.Value, keyword, name), IsPositive: true);
            var before = all;
            var without = Narrow(before, one => one with { Denials = one.Denials.Push(new([name], [])) });
            all = Implied(before, without, () => Narrow(before, one => one.Only(JsonTypes.Object) is { } narrowed
                ? narrowed with { Required = narrowed.Required.Add(name) }
                : null), schema);
        }

        return all;
    }

    private List<ValueConditions> Arrays(List<ValueConditions> all, SchemaNode node)
    {
        if (ItemsOf(node) is { } layer)
        {
            all = Narrow(all, one => one with { Items = one.Items.Add(layer) });
        }

        if (node.FindCount("minItems") is { } min)
        {
            all = Narrow(all, one => one with { MinItems = Math.Max(one.MinItems, min) });
        }

        if (node.FindCount("maxItems") is { } max)
        {
            all = Narrow(all, one => one with { MaxItems = Math.Min(one.MaxItems, max) });
        }

        return ContainsOf(node) is { } contains
            ? Narrow(all, one => one with { Contains = one.Contains.Add(contains) })
            : all;
    }

    private ArrayLayer? ItemsOf(SchemaNode node)
    {
        var first = Schemas(node, "prefixItems");
        SchemaLiteral? rest = null;
        if (node.Find("items", JsonValueKind.Object, JsonValueKind.Array, JsonValueKind.True, JsonValueKind.False) is { } items)
        {
            // Before 2020 an array took the place of prefixItems.
            first = items.ValueKind == JsonValueKind.Array ? Schemas(node, "items") : first;
            rest = Schema(node, items.ValueKind == JsonValueKind.Array ? "additionalItems" : "items");
        }

        return first.Count > 0 || rest is not null ? new ArrayLayer([.. first.Select(one => (SchemaLiteral?)one)], rest) : null;
    }

    private ArrayContains? ContainsOf(SchemaNode node) => Schema(node, "contains") is { } contains
        ? new(contains, node.FindCount("minContains") ?? 1, node.FindCount("maxContains") ?? int.MaxValue)
        : null;
}
