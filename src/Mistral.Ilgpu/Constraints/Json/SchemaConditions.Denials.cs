using System.Text.Json;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>The opposites of keywords for objects and arrays.</summary>
internal sealed partial class SchemaConditions
{
    private IEnumerable<List<ValueConditions>> NotObjects(List<ValueConditions> all, SchemaNode node)
    {
        var objects = Narrow(all, one => one.Only(JsonTypes.Object));
        if (objects.Count == 0)
        {
            yield break;
        }

        string[] missing = node.Find("required", JsonValueKind.Array) is { } required ? Texts(node, "required", required) : [];
        var witnesses = Witnesses(node);
        yield return Deny(objects, missing, witnesses);

        if (node.FindCount("minProperties") is > 0 and var min)
        {
            yield return Narrow(objects, one => one with { MaxProperties = Math.Min(one.MaxProperties, min - 1) });
        }

        if (node.FindCount("maxProperties") is { } max)
        {
            yield return Narrow(objects, one => one with { MinProperties = Math.Max(one.MinProperties, max + 1) });
        }

        foreach (string keyword in DependencyKeywords)
        {
            foreach (var property in Members(node, keyword))
            {
                var with = Narrow(objects, one => one with { Required = one.Required.Add(property.Name) });
                yield return property.Value.ValueKind == JsonValueKind.Array
                    ? Deny(with, Texts(node, keyword, property.Value), [])
                    : Apply(with, new(Document.Child(node, property.Value, keyword, property.Name), IsPositive: false));
            }
        }
    }

    private static List<ValueConditions> Deny(
        List<ValueConditions> objects, string[] missing, IReadOnlyList<PropertyWitness> witnesses) =>
        missing.Length + witnesses.Count == 0
            ? []
            : Narrow(objects, one => one with { Denials = one.Denials.Push(new(missing, witnesses)) });

    // The properties that show that an object does not match.
    private List<PropertyWitness> Witnesses(SchemaNode node)
    {
        List<PropertyWitness> witnesses = [];
        if (LayerOf(node) is { } layer)
        {
            foreach (var (name, value) in layer.Properties)
            {
                Add(value, opposite => new(name, null, [], opposite));
            }

            foreach (var (pattern, value) in layer.Patterns)
            {
                Add(value, opposite => new(null, compiler.PatternOf(pattern), [], opposite));
            }

            if (layer.Additional is { } additional)
            {
                var others = Others(compiler.Factory.Or([.. layer.Patterns.Select(one => compiler.PatternOf(one.Pattern))]));
                Add(additional, opposite => new(null, others, [.. layer.Properties.Keys], opposite));
            }
        }

        if (Schema(node, "propertyNames") is { } names)
        {
            witnesses.Add(new(null, Others(NamesOf(names)), [], null));
        }

        return witnesses;

        void Add(SchemaLiteral value, Func<SchemaLiteral?, PropertyWitness> make)
        {
            var opposite = value.Opposite;
            if (value.Schema.Value.ValueKind == JsonValueKind.False)
            {
                witnesses.Add(make(null));
            }
            else if (compiler.IsSatisfiable(compiler.GoalOf([opposite])))
            {
                witnesses.Add(make(opposite));
            }
        }
    }

    private Language Others(Language texts) => compiler.Factory.And(compiler.Factory.AllText, compiler.Factory.Not(texts));

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

        if (ItemsOf(node) is { } layer)
        {
            // Some item is not what it must be: one of the first, or one of all others.
            for (int i = 0; i < layer.First.Count; i++)
            {
                SchemaLiteral?[] first = [.. Enumerable.Repeat<SchemaLiteral?>(null, i), layer.First[i]!.Value.Opposite];
                int count = i + 1;
                yield return Narrow(arrays, one => one with
                {
                    Items = one.Items.Add(new ArrayLayer(first, null)), MinItems = Math.Max(one.MinItems, count),
                });
            }

            if (layer.Rest is { } rest)
            {
                var other = new ArrayContains(rest.Opposite, 1, From: layer.First.Count);
                yield return Narrow(arrays, one => one with { Contains = one.Contains.Add(other) });
            }
        }

        if (ContainsOf(node) is { } contains)
        {
            if (contains.Min == 1)
            {
                var none = new ArrayLayer([], contains.Item.Opposite);
                yield return Narrow(arrays, one => one with { Items = one.Items.Add(none) });
            }
            else if (contains.Min > 1)
            {
                var fewer = contains with { Min = 0, Max = contains.Min - 1 };
                yield return Narrow(arrays, one => one with { Contains = one.Contains.Add(fewer) });
            }

            if (contains.Max != int.MaxValue)
            {
                var more = contains with { Min = contains.Max + 1, Max = int.MaxValue };
                yield return Narrow(arrays, one => one with { Contains = one.Contains.Add(more) });
            }
        }
    }
}
