using System.Collections.Immutable;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Conditions that hold together: one way to match a schema. It never changes.</summary>
internal sealed record ValueConditions
{
    public static ValueConditions None { get; } = new();

    public JsonTypes Types { get; init; } = JsonTypes.All;

    public NumberRange Numbers { get; init; } = NumberRange.All;

    /// <summary>Languages that a string's text belongs to.</summary>
    public ImmutableList<Language> Strings { get; init; } = [];

    /// <summary>The fewest characters of a string.</summary>
    public int MinLength { get; init; }

    /// <summary>The most characters of a string.</summary>
    public int MaxLength { get; init; } = int.MaxValue;

    public ImmutableList<ObjectLayer> Layers { get; init; } = [];

    /// <summary>Names that an object must have.</summary>
    public ImmutableHashSet<string> Required { get; init; } = [];

    /// <summary>Names that it must not have.</summary>
    public ImmutableHashSet<string> Forbidden { get; init; } = [];

    /// <summary>Names that it must have where it has another.</summary>
    public ImmutableList<(string Name, IReadOnlyList<string> Names)> Dependents { get; init; } = [];

    /// <summary>Languages that all names belong to.</summary>
    public ImmutableList<Language> Names { get; init; } = [];

    /// <summary>Schemas that an object does not match.</summary>
    public ImmutableStack<ObjectDenial> Denials { get; init; } = [];

    public int MinProperties { get; init; }

    public int MaxProperties { get; init; } = int.MaxValue;

    public ImmutableList<ArrayLayer> Items { get; init; } = [];

    public int MinItems { get; init; }

    public int MaxItems { get; init; } = int.MaxValue;

    /// <summary>What some items of an array are.</summary>
    public ImmutableList<ArrayContains> Contains { get; init; } = [];

    /// <summary>The conditions for fewer types; null if none is left.</summary>
    public ValueConditions? Only(JsonTypes types) =>
        (Types & types) == JsonTypes.None ? null : this with { Types = Types & types };

    /// <summary>The same with denials of one thing alone as simpler conditions.</summary>
    public ValueConditions Simplified()
    {
        var simple = this with { Denials = [] };
        foreach (var denial in Denials)
        {
            simple = (denial.Missing, denial.Witnesses) switch
            {
                ([var name], []) => simple with { Forbidden = simple.Forbidden.Add(name) },
                ([], [{ Name: { } name, Value: null }]) => simple with { Required = simple.Required.Add(name) },
                ([], [{ Name: { } name, Value: { } value }]) => simple with
                {
                    Layers = simple.Layers.Add(ObjectLayer.Of(name, value)), Required = simple.Required.Add(name),
                },
                _ => simple with { Denials = simple.Denials.Push(denial) },
            };
        }

        return simple;
    }

    /// <summary>Joins alternatives that are the same but for their types, or for their last denial: one or the other of two
    /// denials holds where something of both does.</summary>
    public static List<ValueConditions> Joined(List<ValueConditions> all)
    {
        var types = new OrderedDictionary<ValueConditions, ValueConditions>();
        foreach (var one in all)
        {
            var key = one with { Types = JsonTypes.None };
            types[key] = types.TryGetValue(key, out var other) ? one with { Types = one.Types | other.Types } : one;
        }

        var denials = new OrderedDictionary<ValueConditions, ValueConditions>();
        List<ValueConditions> joined = [];
        foreach (var one in types.Values)
        {
            if (one.Denials.IsEmpty)
            {
                joined.Add(one);
                continue;
            }

            var rest = one.Denials.Pop(out var denial);
            var key = one with { Denials = rest };
            denials[key] = denials.TryGetValue(key, out var other)
                ? one with { Denials = rest.Push(other.Denials.Peek().Or(denial)) }
                : one;
        }

        return [.. joined, .. denials.Values];
    }
}
