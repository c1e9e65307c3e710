using System.Globalization;
using System.Text;

namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>Reads a regular expression of ECMAScript (ECMA-262, §22.2.1), as JSON Schema has them.</summary>
internal sealed partial class PatternParser
{
    private const int MostRepeats = 100_000;

    private readonly string _pattern;
    private int _at;
    private int _depth;

    private PatternParser(string pattern) => _pattern = pattern;

    /// <exception cref="ConstraintSyntaxException">The pattern is wrong, or has something that is no regular
    /// language.</exception>
    public static PatternNode Parse(string pattern)
    {
        ConstraintLimits.Require(pattern.Length <= ConstraintLimits.Pattern, "pattern", $"{pattern.Length} characters");
        var parser = new PatternParser(pattern);
        var node = parser.Alternatives();
        return parser._at == pattern.Length ? node : throw parser.Fault("')'", "no end of a group that was not begun");
    }

    private bool HasMore => _at < _pattern.Length;

    private PatternNode Alternatives()
    {
        ConstraintLimits.Require(++_depth < ConstraintLimits.Depth, "pattern", $"groups {_depth} deep");
        List<PatternNode> parts = [Sequence()];
        while (Take('|'))
        {
            parts.Add(Sequence());
        }

        _depth--;
        return parts.Count == 1 ? parts[0] : new PatternNode.Alternatives(parts);
    }

    private PatternNode.Sequence Sequence()
    {
        List<PatternNode> parts = [];
        while (HasMore && _pattern[_at] is not ('|' or ')'))
        {
            parts.Add(Repeated(Term()));
        }

        return new PatternNode.Sequence(parts);
    }

    private PatternNode Term()
    {
        var rune = Rune.GetRuneAt(_pattern, _at);
        _at += rune.Utf16SequenceLength;
        switch (rune.Value)
        {
            case '^':
                return new PatternNode.TextStart();
            case '$':
                return new PatternNode.TextEnd();
            case '.':
                return new PatternNode.Characters(CharacterRanges.Dot);
            case '(':
                return Group();
            case '[':
                return Class();
            case '\\':
                return new PatternNode.Characters(Escape(isInClass: false));
            case '*' or '+' or '?':
                throw Fault($"'{rune}' with nothing before it", "something to repeat");
            default:
                return new PatternNode.Characters([(rune.Value, rune.Value)]);
        }
    }

    private PatternNode Group()
    {
        PatternNode Rest(Func<PatternNode, PatternNode> wrap)
        {
            var inner = wrap(Alternatives());
            return Take(')') ? inner : throw Fault("no end of a group", "')'");
        }

        if (!Take('?'))
        {
            return Rest(inner => inner);
        }

        if (Take(':'))
        {
            return Rest(inner => inner);
        }

        if (Take('='))
        {
            return Rest(inner => new PatternNode.LookAhead(inner, IsNegative: false));
        }

        if (Take('!'))
        {
            return Rest(inner => new PatternNode.LookAhead(inner, IsNegative: true));
        }

        // (?<name>…), and Python's (?P<name>…).
        Take('P');
        if (Take('<') && HasMore && _pattern[_at] is not ('=' or '!'))
        {
            int end = _pattern.IndexOf('>', _at);
            _at = end < 0 ? throw Fault("a group's name without an end", "'>'") : end + 1;
            return Rest(inner => inner);
        }

        throw Fault("a group that is not regular, such as a look behind", "(…), (?:…), (?=…), (?!…) or (?<name>…)");
    }

    private PatternNode Repeated(PatternNode node)
    {
        while (HasMore)
        {
            int begin = _at;
            var (min, max) = (0, 0);
            switch (_pattern[_at++])
            {
                case '*':
                    (min, max) = (0, -1);
                    break;
                case '+':
                    (min, max) = (1, -1);
                    break;
                case '?':
                    (min, max) = (0, 1);
                    break;
                case '{' when Counts(out min, out max):
                    break;
                default:
                    _at = begin;
                    return node;
            }

            // Whether it takes few or many changes nothing of what matches.
            Take('?');
            ConstraintLimits.Require(Math.Max(min, max) <= MostRepeats, "pattern", $"{Math.Max(min, max)} repetitions");
            node = new PatternNode.Repeat(node, min, max);
        }

        return node;
    }

    // {n}, {n,} or {n,m}; anything else is text.
    private bool Counts(out int min, out int max)
    {
        (min, max) = (0, 0);
        int end = _pattern.IndexOf('}', _at);
        if (end < 0)
        {
            return false;
        }

        var inner = _pattern.AsSpan(_at, end - _at);
        int comma = inner.IndexOf(',');
        var first = comma < 0 ? inner : inner[..comma];
        if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out min))
        {
            return false;
        }

        if (comma < 0)
        {
            max = min;
        }
        else if (comma == inner.Length - 1)
        {
            max = -1;
        }
        else if (!int.TryParse(inner[(comma + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out max))
        {
            return false;
        }

        _at = end + 1;
        return max < 0 || min <= max ? true : throw Fault($"{{{inner}}}", "a smaller number first");
    }

    private bool Take(char character)
    {
        if (HasMore && _pattern[_at] == character)
        {
            _at++;
            return true;
        }

        return false;
    }

    private ConstraintSyntaxException Fault(string found, string expected) =>
        new($"pattern '{_pattern}': found {found} at character {_at}, expected {expected}");
}
