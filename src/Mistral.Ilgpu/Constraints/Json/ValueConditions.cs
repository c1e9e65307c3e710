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

    public int MinProperties { get; init; }

    public int MaxProperties { get; init; } = int.MaxValue;

    public ImmutableList<ArrayLayer> Items { get; init; } = [];

    public int MinItems { get; init; }

    public int MaxItems { get; init; } = int.MaxValue;

    /// <summary>What some items of an array must be; null for nothing.</summary>
    public SchemaLiteral? Contains { get; init; }

    public int MinContains { get; init; }

    public int MaxContains { get; init; } = int.MaxValue;

    /// <summary>The conditions for fewer types; null if none is left.</summary>
    public ValueConditions? Only(JsonTypes types) =>
        (Types & types) == JsonTypes.None ? null : this with { Types = Types & types };
}
