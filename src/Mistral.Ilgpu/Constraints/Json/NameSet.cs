using System.Numerics;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A set of an object's names, by their index. It never changes.</summary>
internal sealed class NameSet : IEquatable<NameSet>
{
    private readonly ulong[] _words;

    private NameSet(ulong[] words) => _words = words;

    public static NameSet Empty { get; } = new([]);

    public int Count => _words.Sum(BitOperations.PopCount);

    public bool Contains(int name) => name >> 6 < _words.Length && (_words[name >> 6] >> (name & 63) & 1) != 0;

    public NameSet With(int name)
    {
        var words = new ulong[Math.Max(_words.Length, (name >> 6) + 1)];
        _words.CopyTo(words, 0);
        words[name >> 6] |= 1UL << (name & 63);
        return new NameSet(words);
    }

    public NameSet Union(NameSet other)
    {
        var (more, fewer) = _words.Length >= other._words.Length ? (_words, other._words) : (other._words, _words);
        ulong[] words = [.. more];
        for (int i = 0; i < fewer.Length; i++)
        {
            words[i] |= fewer[i];
        }

        return new NameSet(words);
    }

    public NameSet Without(NameSet other) =>
        Trimmed([.. _words.Select((word, i) => i < other._words.Length ? word & ~other._words[i] : word)]);

    public bool Includes(NameSet other)
    {
        for (int i = 0; i < other._words.Length; i++)
        {
            if ((other._words[i] & ~(i < _words.Length ? _words[i] : 0)) != 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether it has one of consecutive names.</summary>
    public bool HasBetween(int first, int end)
    {
        for (int name = first; name < end; name++)
        {
            if (Contains(name))
            {
                return true;
            }
        }

        return false;
    }

    public static NameSet Of(IEnumerable<int> names) => names.Aggregate(Empty, (set, name) => set.With(name));

    public bool Equals(NameSet? other) => other is not null && _words.AsSpan().SequenceEqual(other._words);

    public override bool Equals(object? obj) => Equals(obj as NameSet);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (ulong word in _words)
        {
            hash.Add(word);
        }

        return hash.ToHashCode();
    }

    private static NameSet Trimmed(ulong[] words)
    {
        int length = words.Length;
        while (length > 0 && words[length - 1] == 0)
        {
            length--;
        }

        return new NameSet(words[..length]);
    }
}
