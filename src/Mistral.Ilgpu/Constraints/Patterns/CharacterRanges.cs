using System.Collections.Concurrent;
using System.Globalization;

namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>Sets of code points as sorted ranges that do not touch.</summary>
internal static class CharacterRanges
{
    public const int Last = 0x10FFFF;

    public static IReadOnlyList<(int First, int Last)> Digits { get; } = [('0', '9')];

    public static IReadOnlyList<(int First, int Last)> Words { get; } = [('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

    /// <summary>White space and line ends of ECMAScript.</summary>
    public static IReadOnlyList<(int First, int Last)> Spaces { get; } =
    [
        (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
        (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
    ];

    /// <summary>What a dot matches: all but line ends.</summary>
    public static IReadOnlyList<(int First, int Last)> Dot { get; } =
        Complement([('\n', '\n'), ('\r', '\r'), (0x2028, 0x2029)]);

    public static IReadOnlyList<(int First, int Last)> All { get; } = [(0, Last)];

    public static List<(int First, int Last)> Union(IEnumerable<(int First, int Last)> ranges)
    {
        List<(int First, int Last)> union = [];
        foreach (var (first, last) in ranges.Order())
        {
            if (union.Count > 0 && first <= union[^1].Last + 1)
            {
                union[^1] = (union[^1].First, Math.Max(union[^1].Last, last));
            }
            else
            {
                union.Add((first, last));
            }
        }

        return union;
    }

    public static List<(int First, int Last)> Complement(IEnumerable<(int First, int Last)> ranges)
    {
        List<(int First, int Last)> complement = [];
        int next = 0;
        foreach (var (first, last) in Union(ranges))
        {
            if (first > next)
            {
                complement.Add((next, first - 1));
            }

            next = last + 1;
        }

        if (next <= Last)
        {
            complement.Add((next, Last));
        }

        return complement;
    }

    /// <summary>The characters of a general category, such as <c>L</c> or <c>Lu</c>; null if there is none of that
    /// name.</summary>
    public static IReadOnlyList<(int First, int Last)>? OfCategory(string name)
    {
        string letters = name switch
        {
            "Letter" => "L",
            "Uppercase_Letter" => "Lu",
            "Lowercase_Letter" => "Ll",
            "Mark" => "M",
            "Number" => "N",
            "Decimal_Number" => "Nd",
            "Punctuation" => "P",
            "Symbol" => "S",
            "Separator" => "Z",
            "Other" => "C",
            _ => name,
        };
        return Codes.Any(code => code == letters || code[..1] == letters) ? Categories.GetOrAdd(letters, Find) : null;
    }

    private static List<(int First, int Last)> Find(string letters)
    {
        List<(int First, int Last)> ranges = [];
        for (int point = 0; point <= Last; point++)
        {
            if (!Codes[(int)CharUnicodeInfo.GetUnicodeCategory(point)].StartsWith(letters, StringComparison.Ordinal))
            {
                continue;
            }

            if (ranges.Count > 0 && ranges[^1].Last == point - 1)
            {
                ranges[^1] = (ranges[^1].First, point);
            }
            else
            {
                ranges.Add((point, point));
            }
        }

        return ranges;
    }

    // Found once, because each takes a look at a million characters.
    private static readonly ConcurrentDictionary<string, IReadOnlyList<(int First, int Last)>> Categories =
        new(StringComparer.Ordinal);

    // In the order of UnicodeCategory.
    private static readonly string[] Codes =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd",
        "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];
}
