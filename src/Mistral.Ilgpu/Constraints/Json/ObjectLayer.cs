namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>What one schema says of an object's properties.</summary>
/// <param name="Properties">What the values of some names must be.</param>
/// <param name="Patterns">What the values of names that a pattern is found in must be.</param>
/// <param name="Additional">What all others must be; null for nothing.</param>
internal sealed record ObjectLayer(
    IReadOnlyDictionary<string, SchemaLiteral> Properties, IReadOnlyList<(string Pattern, SchemaLiteral Value)> Patterns,
    SchemaLiteral? Additional)
{
    /// <summary>What one property's value must be.</summary>
    public static ObjectLayer Of(string name, SchemaLiteral value) =>
        new(new Dictionary<string, SchemaLiteral>(StringComparer.Ordinal) { [name] = value }, [], null);
}
