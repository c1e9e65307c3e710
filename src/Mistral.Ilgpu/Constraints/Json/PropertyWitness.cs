using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A property that shows something.</summary>
/// <param name="Name">Its name; null for any of a language.</param>
/// <param name="Names">The language of its name, where it may be any of several; else null.</param>
/// <param name="Except">Names of the language that it does not have.</param>
/// <param name="Value">What its value must be; null for anything.</param>
internal sealed record PropertyWitness(string? Name, Language? Names, IReadOnlyCollection<string> Except, SchemaLiteral? Value)
{
    /// <summary>All names that it speaks of.</summary>
    public IEnumerable<string> NamesOfIt => Name is null ? Except : [Name];
}
