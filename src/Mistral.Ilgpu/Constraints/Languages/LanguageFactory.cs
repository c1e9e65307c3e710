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

    // Parts of the union or intersection that is being made.
    private readonly List<Language> _flat = [];

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

        // The first part of a sequence is never a sequence. A loop, because texts may be long.
        Stack<Language> parts = [];
        for (; first.Kind == LanguageKind.Concat; first = first.Parts[1])
        {
            parts.Push(first.Parts[0]);
        }

        parts.Push(first);
        while (parts.TryPop(out var part))
        {
            second = Make(LanguageKind.Concat, default, [part, second], 0, 0);
        }

        return second;
    }

    public Language Or(params ReadOnlySpan<Language> parts)
    {
        _flat.Clear();
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
                    _flat.Add(one);
                }
            }
        }

        if (!set.IsEmpty)
        {
            _flat.Add(Bytes(set));
        }

        return Joined(LanguageKind.Or, Nothing);
    }

    public Language And(params ReadOnlySpan<Language> parts)
    {
        _flat.Clear();
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
                    _flat.Add(one);
                }
            }
        }

        // Complements have more than texts, other languages of texts have not.
        if (isOfTexts && _flat.TrueForAll(one => one.Kind == LanguageKind.Not))
        {
            _flat.Add(AllText);
        }

        return Joined(LanguageKind.And, Everything);
    }

    public Language Not(Language part) =>
        part.Kind == LanguageKind.Not ? part.Parts[0] : Make(LanguageKind.Not, default, [part], 0, 0);

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

    // The parts in _flat, each once and in one order, so that equal expressions are one object.
    private Language Joined(LanguageKind kind, Language none)
    {
        // Each of n parts that may all be left out has a union of those behind it, which takes n² of memory.
        ConstraintLimits.Require(_flat.Count <= ConstraintLimits.Parts, "pattern", $"{_flat.Count} parts at one place");
        _flat.Sort(static (x, y) => x.Id.CompareTo(y.Id));
        int count = 0;
        for (int i = 0; i < _flat.Count; i++)
        {
            if (count == 0 || _flat[count - 1] != _flat[i])
            {
                _flat[count++] = _flat[i];
            }
        }

        return count switch
        {
            0 => none,
            1 => _flat[0],
            _ => Make(kind, default, _flat.GetRange(0, count).ToArray(), 0, 0),
        };
    }

    private Language Make(LanguageKind kind, ByteSet set, Language[] parts, int min, int max)
    {
        ConstraintLimits.Require(_all.Count < ConstraintLimits.Languages, "pattern", "one that takes too many states");
        var key = new Key(kind, set, parts, min, max);
        ref var language = ref CollectionsMarshal.GetValueRefOrAddDefault(_all, key, out bool isKnown);
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
