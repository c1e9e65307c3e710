using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>What may follow.</summary>
internal sealed partial class LanguageFactory
{
    private readonly Dictionary<(int Language, byte Value), Language> _derivatives = [];

    /// <summary>What may follow a byte.</summary>
    public Language Derive(Language language, byte value)
    {
        // A text whose parts may all be left out is looked through to its end.
        ConstraintLimits.Require(RuntimeHelpers.TryEnsureSufficientExecutionStack(), "pattern", "one of too many parts");
        switch (language.Kind)
        {
            case LanguageKind.Nothing or LanguageKind.Empty:
                return Nothing;
            case LanguageKind.Bytes:
                return language.Set.Contains(value) ? Empty : Nothing;
        }

        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_derivatives, (language.Id, value), out bool isKnown);
        if (isKnown)
        {
            return known!;
        }

        var derivative = Compute(language, value);
        _derivatives[(language.Id, value)] = derivative;
        return derivative;
    }

    private Language Compute(Language language, byte value)
    {
        var parts = language.Parts;
        switch (language.Kind)
        {
            case LanguageKind.Concat:
                var rest = Concat(Derive(parts[0], value), parts[1]);
                return parts[0].IsNullable ? Or(rest, Derive(parts[1], value)) : rest;
            case LanguageKind.Or:
                return Or(Array.ConvertAll(parts, part => Derive(part, value)));
            case LanguageKind.And:
                return And(Array.ConvertAll(parts, part => Derive(part, value)));
            case LanguageKind.Not:
                return Not(Derive(parts[0], value));
            default:
                var others = Loop(parts[0], Math.Max(language.Min - 1, 0), language.Max < 0 ? -1 : language.Max - 1);
                return Concat(Derive(parts[0], value), others);
        }
    }
}
