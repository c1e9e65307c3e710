using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>Classes and escapes.</summary>
internal sealed partial class GrammarParser
{
    private GrammarNode.Characters Class()
    {
        bool isNegated = Take("^");
        List<(int First, int Last)> ranges = [];
        while (!Take("]"))
        {
            int first = Character().Value;
            int last = first;
            if (HasMore && _text[_at] == '-' && _at + 1 < _text.Length && _text[_at + 1] != ']')
            {
                _at++;
                last = Character().Value;
            }

            ranges.Add(first <= last ? (first, last) : throw Fault("a range whose smaller end comes first"));
        }

        return new GrammarNode.Characters(isNegated ? CharacterRanges.Complement(ranges) : CharacterRanges.Union(ranges));
    }

    private Rune Character()
    {
        if (!HasMore)
        {
            throw Fault("the end of a text or a class");
        }

        if (Take("\\"))
        {
            char letter = HasMore ? _text[_at++] : throw Fault("an escape");
            return letter switch
            {
                'n' => new Rune('\n'),
                'r' => new Rune('\r'),
                't' => new Rune('\t'),
                'x' => Hexadecimal(2),
                'u' => Hexadecimal(4),
                'U' => Hexadecimal(8),
                '\\' or '"' or '[' or ']' => new Rune(letter),
                _ => throw Fault("an escape: n, r, t, x, u, U, \\, \", [ or ]"),
            };
        }

        if (!Rune.TryGetRuneAt(_text, _at, out var rune))
        {
            throw Fault("a character, not half of a surrogate pair");
        }

        _at += rune.Utf16SequenceLength;
        return rune;
    }

    private Rune Hexadecimal(int digits)
    {
        if (_at + digits <= _text.Length
            && int.TryParse(
                _text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            && Rune.TryCreate(value, out var rune))
        {
            _at += digits;
            return rune;
        }

        throw Fault($"{digits} hexadecimal digits of a character");
    }
}
