using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Global memory as one group of several sees it that run at once. Others see what it writes after its fence, and no earlier. It
/// sees what others wrote after a fence of its own; until then it sees what was there at its last fence. So a kernel whose groups
/// exchange data fails where hardware might. After the memory consistency model of the PTX ISA, chapter 8. A fence orders what
/// its thread wrote, and what others of the group wrote before a barrier that the thread has passed.
/// </summary>
internal sealed unsafe class GroupMemory(GlobalMemory memory, Publications publications)
{
    private const ulong WordBytes = sizeof(uint);

    private readonly Dictionary<ulong, Written> _written = [];
    private readonly HashSet<ulong> _writtenWords = [];
    private int _barriers;
    private int _seenUpTo;

    /// <summary>Copies bytes as the group sees them.</summary>
    /// <param name="isFresh">Whether the access looks at memory as it is, as volatile and relaxed ones do.</param>
    public void Read(ulong address, Span<byte> to, bool isFresh)
    {
        _ = memory.At(address, to.Length);
        for (ulong word = WordOf(address); word < address + (ulong)to.Length; word += WordBytes)
        {
            uint value = Word(word, isFresh);
            for (ulong i = Math.Max(word, address); i < Math.Min(word + WordBytes, address + (ulong)to.Length); i++)
            {
                to[(int)(i - address)] = (byte)(value >> (int)(8 * (i - word)));
            }
        }
    }

    public void Write(int thread, ulong address, ReadOnlySpan<byte> from)
    {
        _ = memory.At(address, from.Length);
        for (int i = 0; i < from.Length; i++)
        {
            ulong at = address + (ulong)i;
            _written[at] = new Written(from[i], thread, _barriers);
            _writtenWords.Add(WordOf(at));
        }
    }

    /// <summary>Where atomic operations work, which all groups see at once.</summary>
    public byte* Update(ulong address, int bytes)
    {
        Publish((at, _) => at >= address && at < address + (ulong)bytes);
        return memory.At(address, bytes);
    }

    public void Barrier() => _barriers++;

    /// <summary>A fence of a thread for the whole device.</summary>
    public void Fence(int thread)
    {
        Publish((_, written) => written.Thread == thread || written.Barriers < _barriers);
        _seenUpTo = publications.Time;
    }

    /// <summary>The group has ended.</summary>
    public void End() => Publish((_, _) => true);

    private static ulong WordOf(ulong address) => address / WordBytes * WordBytes;

    // The allocations of the driver end on whole words.
    private uint Word(ulong address, bool isFresh)
    {
        uint value = isFresh
            ? *(uint*)memory.At(address, 1)
            : publications.At(address, _seenUpTo) ?? *(uint*)memory.At(address, 1);
        if (_writtenWords.Contains(address))
        {
            for (int i = 0; i < (int)WordBytes; i++)
            {
                if (_written.TryGetValue(address + (ulong)i, out var own))
                {
                    value = (value & ~(0xFFU << (8 * i))) | ((uint)own.Value << (8 * i));
                }
            }
        }

        return value;
    }

    private void Publish(Func<ulong, Written, bool> which)
    {
        var published = _written.Where(entry => which(entry.Key, entry.Value)).ToList();
        if (published.Count == 0)
        {
            return;
        }

        publications.Time++;
        foreach (var (address, written) in published)
        {
            ulong word = WordOf(address);
            publications.Keep(word, *(uint*)memory.At(word, 1));
            *memory.At(address, 1) = written.Value;
            _written.Remove(address);
        }

        if (_written.Count == 0)
        {
            _writtenWords.Clear();
        }
    }

    private readonly record struct Written(byte Value, int Thread, int Barriers);
}

/// <summary>What was in global memory before the groups of a launch published what they wrote.</summary>
internal sealed class Publications
{
    private readonly Dictionary<ulong, List<(int Time, uint Before)>> _words = [];

    /// <summary>Counts the times that a group published something.</summary>
    public int Time { get; set; }

    /// <summary>Notes what a word is before it changes now.</summary>
    public void Keep(ulong word, uint value)
    {
        ref var changes = ref CollectionsMarshal.GetValueRefOrAddDefault(_words, word, out _);
        changes ??= [];
        if (changes.Count == 0 || changes[^1].Time < Time)
        {
            changes.Add((Time, value));
        }
    }

    /// <summary>What a word was at that time, if it has changed since.</summary>
    public uint? At(ulong word, int time)
    {
        if (_words.TryGetValue(word, out var changes))
        {
            foreach (var (changed, before) in changes)
            {
                if (changed > time)
                {
                    return before;
                }
            }
        }

        return null;
    }
}
