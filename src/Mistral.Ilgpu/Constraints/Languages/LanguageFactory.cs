using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>
/// Makes languages and their derivatives: the derivative by a byte is what may follow it (Brzozowski 1964, "Derivatives of
/// regular expressions"; Owens, Reppy and Turon 2009). Intersection and complement cost no more than union. For one thread.
/// </summary>
/// <remarks>
/// A language of whole texts ends with the byte <see cref="End"/>, which occurs in no UTF-8, so that a language can say "the text
/// ends here". All such languages are parts of <see cref="AllText"/>.
/// </remarks>
internal sealed partial class LanguageFactory
{
    /// <summary>Marks the end of a text.</summary>
    public const byte End = 0xFF;

    private readonly Dictionary<Key, Language> _all = [];
    private readonly Dictionary<(int Language, byte Value), Language> _derivatives = [];

    public LanguageFactory()
    {
        Nothing = Make(LanguageKind.Nothing, default, [], 0, 0);
        Empty = Make(LanguageKind.Empty, default, [], 0, 0);
        Everything = Make(LanguageKind.Not, default, [Nothing], 0, 0);
        AnyCharacter = OfRanges([(0, 0x10FFFF)]);
        AnyText = Make(LanguageKind.Loop, default, [AnyCharacter], 0, -1);
        AllText = Concat(AnyText, Ended);
    }

    /// <summary>No text.</summary>
    public Language Nothing { get; }

    /// <summary>The empty text.</summary>
    public Language Empty { get; }

    /// <summary>Every sequence of bytes.</summary>
    public Language Everything { get; }

    /// <summary>One character in UTF-8.</summary>
    public Language AnyCharacter { get; }

    /// <summary>Characters, without an end.</summary>
    public Language AnyText { get; }

    /// <summary>Every text, with its end.</summary>
    public Language AllText { get; }

    /// <summary>The end of a text alone.</summary>
    public Language Ended => Bytes(ByteSet.Of(End));

    public Language Bytes(ByteSet set) => set.IsEmpty ? Nothing : Make(LanguageKind.Bytes, set, [], 0, 0);

    public Language Concat(Language first, Language second)
    {
        if (first == Nothing || second == Nothing)
        {
            return Nothing;
        }

        if (first == Empty)
        {
            return second;
        }

        if (second == Empty)
        {
            return first;
        }

        return first.Kind == LanguageKind.Concat
            ? Concat(first.Parts[0], Concat(first.Parts[1], second))
            : Make(LanguageKind.Concat, default, [first, second], 0, 0);
    }

    public Language Or(params ReadOnlySpan<Language> parts)
    {
        var flat = new SortedDictionary<int, Language>();
        var set = default(ByteSet);
        foreach (var part in parts)
        {
            foreach (var one in part.Kind == LanguageKind.Or ? part.Parts : new ReadOnlySpan<Language>(in part))
            {
                // What is joined with whole texts are whole texts.
                if (one == Everything || one == AllText)
                {
                    return one;
                }

                if (one.Kind == LanguageKind.Bytes)
                {
                    set |= one.Set;
                }
                else if (one != Nothing)
                {
                    flat[one.Id] = one;
                }
            }
        }

        if (!set.IsEmpty)
        {
            var bytes = Bytes(set);
            flat[bytes.Id] = bytes;
        }

        return flat.Count switch
        {
            0 => Nothing,
            1 => flat.First().Value,
            _ => Make(LanguageKind.Or, default, [.. flat.Values], 0, 0),
        };
    }

    public Language And(params ReadOnlySpan<Language> parts)
    {
        var flat = new SortedDictionary<int, Language>();
        bool isOfTexts = false;
        foreach (var part in parts)
        {
            foreach (var one in part.Kind == LanguageKind.And ? part.Parts : new ReadOnlySpan<Language>(in part))
            {
                if (one == Nothing)
                {
                    return Nothing;
                }

                isOfTexts |= one == AllText;
                if (one != Everything && one != AllText)
                {
                    flat[one.Id] = one;
                }
            }
        }

        // Complements have more than texts, other languages of texts have not.
        if (isOfTexts && flat.Values.All(one => one.Kind == LanguageKind.Not))
        {
            flat[AllText.Id] = AllText;
        }

        return flat.Count switch
        {
            0 => Everything,
            1 => flat.First().Value,
            _ => Make(LanguageKind.And, default, [.. flat.Values], 0, 0),
        };
    }

    public Language Not(Language part) => part.Kind == LanguageKind.Not ? part.Parts[0] : Make(LanguageKind.Not, default, [part], 0, 0);

    /// <param name="max">−1 for no limit.</param>
    public Language Loop(Language part, int min, int max)
    {
        if (max == 0 || part == Empty)
        {
            return Empty;
        }

        if (part == Nothing)
        {
            return min == 0 ? Empty : Nothing;
        }

        return (min, max) == (1, 1) ? part : Make(LanguageKind.Loop, default, [part], min, max);
    }

    /// <summary>What may follow a byte.</summary>
    public Language Derive(Language language, byte value)
    {
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

    private Language Make(LanguageKind kind, ByteSet set, Language[] parts, int min, int max)
    {
        ref var language = ref CollectionsMarshal.GetValueRefOrAddDefault(_all, new Key(kind, set, parts, min, max), out bool isKnown);
        return isKnown ? language! : language = new Language(_all.Count, kind, set, parts, min, max);
    }

    private readonly struct Key(LanguageKind kind, ByteSet set, Language[] parts, int min, int max) : IEquatable<Key>
    {
        private readonly Language[] _parts = parts;
        private readonly (LanguageKind, ByteSet, int, int) _rest = (kind, set, min, max);

        public bool Equals(Key other) => _rest == other._rest && _parts.AsSpan().SequenceEqual(other._parts);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.Add(_rest);
            foreach (var part in _parts)
            {
                hash.Add(part.Id);
            }

            return hash.ToHashCode();
        }
    }
}
