using System.Text;

namespace Mistral.Ilgpu.Constraints.Languages;

/// <summary>Languages of characters.</summary>
internal sealed partial class LanguageFactory
{
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
        List<Language> parts = [];
        Span<byte> start = stackalloc byte[4];
        Span<byte> end = stackalloc byte[4];
        foreach (var (first, last) in ranges)
        {
            // Within each of these, the sequences have one length.
            foreach (var (low, high) in new[] { (0, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF) })
            {
                var (from, to) = (Math.Max(first, low), Math.Min(last, high));
                if (from <= to)
                {
                    int length = new Rune(from).EncodeToUtf8(start);
                    new Rune(to).EncodeToUtf8(end);
                    parts.Add(Between(start[..length], end[..length]));
                }
            }
        }

        return Or([.. parts]);
    }

    private Language OfSorted(ReadOnlySpan<byte[]> texts, int depth)
    {
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
    private Language Between(ReadOnlySpan<byte> first, ReadOnlySpan<byte> last)
    {
        if (first.Length == 1)
        {
            return Bytes(ByteSet.Range(first[0], last[0]));
        }

        Span<byte> lowest = stackalloc byte[first.Length - 1];
        Span<byte> highest = stackalloc byte[first.Length - 1];
        lowest.Fill(0x80);
        highest.Fill(0xBF);
        if (first[0] == last[0])
        {
            return Concat(Bytes(ByteSet.Of(first[0])), Between(first[1..], last[1..]));
        }

        var (from, to) = ((int)first[0], (int)last[0]);
        List<Language> parts = [];
        if (!first[1..].SequenceEqual(lowest))
        {
            parts.Add(Concat(Bytes(ByteSet.Of(first[0])), Between(first[1..], highest)));
            from++;
        }

        if (!last[1..].SequenceEqual(highest))
        {
            parts.Add(Concat(Bytes(ByteSet.Of(last[0])), Between(lowest, last[1..])));
            to--;
        }

        if (from <= to)
        {
            parts.Add(Concat(Bytes(ByteSet.Range(from, to)), Between(lowest, highest)));
        }

        return Or([.. parts]);
    }
}
