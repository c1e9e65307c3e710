using System.Text;

namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>Languages of characters.</summary>
internal sealed partial class LanguageFactory
{
    // Ranges of code points whose sequences have one length, without surrogates.
    private static readonly (int Low, int High)[] EqualLengths =
        [(0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)];

    /// <summary>The bytes of a text in UTF-8, without an end.</summary>
    public Language OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    public Language OfBytes(ReadOnlySpan<byte> bytes)
    {
        var language = Empty;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            language = Concat(Bytes(ByteSet.Of(bytes[i])), language);
        }

        return language;
    }

    /// <summary>Any one of some texts, without an end. Shared beginnings are one expression.</summary>
    public Language OfTexts(IEnumerable<string> texts)
    {
        byte[][] sorted = [.. texts.Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
        Array.Sort(sorted, static (x, y) => x.AsSpan().SequenceCompareTo(y));
        return OfSorted(sorted, 0);
    }

    /// <summary>One character of some ranges of code points, in UTF-8. Surrogates are left out.</summary>
    public Language OfRanges(IReadOnlyList<(int First, int Last)> ranges)
    {
        List<(byte First, byte Last)[]> sequences = [];
        foreach (var (first, last) in ranges)
        {
            foreach (var (low, high) in EqualLengths)
            {
                var (from, to) = (Math.Max(first, low), Math.Min(last, high));
                if (from <= to)
                {
                    AddBetween(BytesOf(from), BytesOf(to), [], sequences);
                }
            }
        }

        return OfSequences(sequences, 0);
    }

    private static byte[] BytesOf(int codePoint) => Encoding.UTF8.GetBytes(char.ConvertFromUtf32(codePoint));

    // Bytes behind which the same may follow are one set, so that a large class has few parts.
    private Language OfSequences(List<(byte First, byte Last)[]> sequences, int depth)
    {
        if (sequences.Exists(sequence => sequence.Length == depth))
        {
            return Empty;
        }

        var leads = new Dictionary<Language, ByteSet>();
        // Between two of these all bytes are in the same sequences.
        int[] bounds = [.. sequences.SelectMany(one => new[] { one[depth].First, one[depth].Last + 1 }).Distinct().Order()];
        for (int i = 0; i < bounds.Length - 1; i++)
        {
            var (from, end) = (bounds[i], bounds[i + 1]);
            var behind = sequences.FindAll(one => from >= one[depth].First && from <= one[depth].Last);
            if (behind.Count > 0)
            {
                var rest = OfSequences(behind, depth + 1);
                leads[rest] = leads.GetValueOrDefault(rest) | ByteSet.Range(from, end - 1);
            }
        }

        return Or([.. leads.Select(lead => Concat(Bytes(lead.Value), lead.Key))]);
    }

    private Language OfSorted(ReadOnlySpan<byte[]> texts, int depth)
    {
        // What all begin with is no step down, because texts may be long.
        int shared = texts.Length == 0 ? 0 : texts[0].AsSpan(depth).CommonPrefixLength(texts[^1].AsSpan(depth));
        if (shared > 0)
        {
            return Concat(OfBytes(texts[0].AsSpan(depth, shared)), OfSorted(texts, depth + shared));
        }

        List<Language> parts = [];
        int i = 0;
        if (i < texts.Length && texts[i].Length == depth)
        {
            parts.Add(Empty);
            i++;
        }

        while (i < texts.Length)
        {
            byte value = texts[i][depth];
            int end = i + 1;
            while (end < texts.Length && texts[end][depth] == value)
            {
                end++;
            }

            parts.Add(Concat(Bytes(ByteSet.Of(value)), OfSorted(texts[i..end], depth + 1)));
            i = end;
        }

        return Or([.. parts]);
    }

    // Sequences of one length, in the order of their bytes.
    private static void AddBetween(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> last, (byte First, byte Last)[] before, List<(byte First, byte Last)[]> all)
    {
        if (first.Length == 1)
        {
            all.Add([.. before, (first[0], last[0])]);
            return;
        }

        if (first[0] == last[0])
        {
            AddBetween(first[1..], last[1..], [.. before, (first[0], first[0])], all);
            return;
        }

        byte[] lowest = [.. Enumerable.Repeat((byte)0x80, first.Length - 1)];
        byte[] highest = [.. Enumerable.Repeat((byte)0xBF, first.Length - 1)];
        var (from, to) = ((int)first[0], (int)last[0]);
        if (!first[1..].SequenceEqual(lowest))
        {
            AddBetween(first[1..], highest, [.. before, (first[0], first[0])], all);
            from++;
        }

        if (!last[1..].SequenceEqual(highest))
        {
            AddBetween(lowest, last[1..], [.. before, (last[0], last[0])], all);
            to--;
        }

        if (from <= to)
        {
            AddBetween(lowest, highest, [.. before, ((byte)from, (byte)to)], all);
        }
    }
}
