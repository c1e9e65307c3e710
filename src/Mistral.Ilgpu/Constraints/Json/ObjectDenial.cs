namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Says one of several things of an object: some name is missing, or some property is a witness. So it says that an
/// object does not match a schema, or has one of some names. Which of them is left open, because their product over several
/// schemas has too many ways.</summary>
/// <param name="Missing">Names of which one may be missing.</param>
/// <param name="Witnesses">Properties of which the object may have one.</param>
internal sealed record ObjectDenial(IReadOnlyList<string> Missing, IReadOnlyList<PropertyWitness> Witnesses)
{
    /// <summary>Says that a name is there.</summary>
    public static ObjectDenial OfRequired(string name) => new([], [new PropertyWitness(name, null, [], null)]);

    public ObjectDenial Or(ObjectDenial other) =>
        new([.. Missing.Union(other.Missing)], [.. Witnesses.Concat(other.Witnesses)]);
}
