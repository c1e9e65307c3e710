namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>
/// A regular language over bytes, as an expression. Equal expressions of one <see cref="LanguageFactory"/> are one object.
/// </summary>
internal sealed class Language
{
    internal Language(int id, LanguageKind kind, ByteSet set, Language[] parts, int min, int max)
    {
        (Id, Kind, Set, Parts, Min, Max) = (id, kind, set, parts, min, max);
        IsNullable = kind switch
        {
            LanguageKind.Empty => true,
            LanguageKind.Concat or LanguageKind.And => Array.TrueForAll(parts, part => part.IsNullable),
            LanguageKind.Or => Array.Exists(parts, part => part.IsNullable),
            LanguageKind.Not => !parts[0].IsNullable,
            LanguageKind.Loop => min == 0 || parts[0].IsNullable,
            _ => false,
        };
        MayBeEmpty = kind is LanguageKind.And or LanguageKind.Not || Array.Exists(parts, part => part.MayBeEmpty);
    }

    public int Id { get; }

    public LanguageKind Kind { get; }

    /// <summary>The bytes of <see cref="LanguageKind.Bytes"/>.</summary>
    public ByteSet Set { get; }

    public Language[] Parts { get; }

    /// <summary>The fewest repetitions of a loop.</summary>
    public int Min { get; }

    /// <summary>The most repetitions of a loop; −1 for no limit.</summary>
    public int Max { get; }

    /// <summary>Whether the empty text belongs to it.</summary>
    public bool IsNullable { get; }

    /// <summary>Whether it may have no text although it is not <see cref="LanguageKind.Nothing"/>: an intersection of two
    /// languages says nothing of what they share.</summary>
    public bool MayBeEmpty { get; }
}
