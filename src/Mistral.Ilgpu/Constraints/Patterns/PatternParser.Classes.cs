using System.Globalization;
using System.Text;

namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>Sets of characters: classes and escapes.</summary>
internal sealed partial class PatternParser
{
    private PatternNode.Characters Class()
    {
        bool isNegated = Take('^');
        List<(int First, int Last)> ranges = [];
        while (true)
        {
            if (!HasMore)
            {
                throw Fault("no end of a class", "']'");
            }

            if (Take(']'))
            {
                break;
            }

            var first = ClassAtom();
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                var last = ClassAtom();
                if (Single(first) is { } from && Single(last) is { } to)
                {
                    ranges.Add(from <= to
                        ? (from, to)
                        : throw Fault("a range that ends before it begins", "the smaller one first"));
                    continue;
                }

                // A set beside a hyphen makes the hyphen a character.
                ranges.Add(('-', '-'));
                ranges.AddRange(last);
            }

            ranges.AddRange(first);
        }

        return new PatternNode.Characters(isNegated ? CharacterRanges.Complement(ranges) : CharacterRanges.Union(ranges));
    }

    private static int? Single(IReadOnlyList<(int First, int Last)> ranges) =>
        ranges is [var (first, last)] && first == last ? first : null;

    private IReadOnlyList<(int First, int Last)> ClassAtom()
    {
        if (!HasMore)
        {
            throw Fault("no end of a class", "']'");
        }

        var rune = Rune.GetRuneAt(_pattern, _at);
        _at += rune.Utf16SequenceLength;
        return rune.Value == '\\' ? Escape(isInClass: true) : [(rune.Value, rune.Value)];
    }

    private IReadOnlyList<(int First, int Last)> Escape(bool isInClass)
    {
        if (!HasMore)
        {
            throw Fault("a backslash with nothing behind it", "an escape");
        }

        var rune = Rune.GetRuneAt(_pattern, _at);
        _at += rune.Utf16SequenceLength;
        switch (rune.Value)
        {
            case 'd':
                return CharacterRanges.Digits;
            case 'D':
                return CharacterRanges.Complement(CharacterRanges.Digits);
            case 'w':
                return CharacterRanges.Words;
            case 'W':
                return CharacterRanges.Complement(CharacterRanges.Words);
            case 's':
                return CharacterRanges.Spaces;
            case 'S':
                return CharacterRanges.Complement(CharacterRanges.Spaces);
            case 'p' or 'P':
                var category = Category();
                return rune.Value == 'P' ? CharacterRanges.Complement(category) : category;
            case 'c' when HasMore && char.IsAsciiLetter(_pattern[_at]):
                return One(_pattern[_at++] & 31);
            case 'x':
                return One(Hexadecimal(2));
            case 'u':
                return One(CodePoint());
            case 'b' when isInClass:
                return One('\b');
            case 'n':
                return One('\n');
            case 'r':
                return One('\r');
            case 't':
                return One('\t');
            case 'v':
                return One('\v');
            case 'f':
                return One('\f');
            case '0' when !HasMore || !char.IsAsciiDigit(_pattern[_at]):
                return One(0);
        }

        // What has a meaning elsewhere, or is a reference to a group, is not taken for a character.
        return Rune.IsLetterOrDigit(rune) ? throw Fault($"\\{rune}", "an escape that is regular") : One(rune.Value);
    }

    private IReadOnlyList<(int First, int Last)> Category()
    {
        int end = Take('{') ? _pattern.IndexOf('}', _at) : -1;
        if (end < 0)
        {
            throw Fault("\\p without a name", "\\p{…}");
        }

        string name = _pattern[_at..end];
        _at = end + 1;
        string value = name[(name.IndexOf('=') + 1)..];
        return CharacterRanges.OfCategory(value) ?? throw Fault($"\\p{{{name}}}", "a general category");
    }

    private int CodePoint()
    {
        if (Take('{'))
        {
            int end = _pattern.IndexOf('}', _at);
            return end > _at ? Hexadecimal(end - _at, skip: 1) : throw Fault("\\u{ without an end", "\\u{…}");
        }

        int unit = Hexadecimal(4);
        if (char.IsHighSurrogate((char)unit) && _pattern.AsSpan(_at).StartsWith("\\u", StringComparison.Ordinal))
        {
            _at += 2;
            int low = Hexadecimal(4);
            return char.IsLowSurrogate((char)low)
                ? char.ConvertToUtf32((char)unit, (char)low)
                : throw Fault("half of a surrogate pair", "both");
        }

        return unit;
    }

    private int Hexadecimal(int digits, int skip = 0)
    {
        if (_at + digits > _pattern.Length
            || !int.TryParse(
                _pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || value > CharacterRanges.Last)
        {
            throw Fault("an escape that is no number", $"{digits} hexadecimal digits");
        }

        _at += digits + skip;
        return value;
    }

    private static (int First, int Last)[] One(int value) => [(value, value)];
}
