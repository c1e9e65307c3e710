using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Constraints.Patterns;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>Reads a grammar in llama.cpp's form, GBNF (its grammars/README.md).</summary>
internal sealed partial class GrammarParser
{
    private const int MostRepeats = 2000;

    private readonly string _text;
    private int _at;
    private int _depth;

    private GrammarParser(string text) => _text = text;

    /// <returns>The rules by their names.</returns>
    /// <exception cref="ConstraintSyntaxException">The grammar is wrong.</exception>
    public static Dictionary<string, GrammarNode> Parse(string text)
    {
        var parser = new GrammarParser(text);
        var rules = new Dictionary<string, GrammarNode>(StringComparer.Ordinal);
        parser.SkipSpace(acrossLines: true);
        while (parser.HasMore)
        {
            string name = parser.Name() ?? throw parser.Fault("the name of a rule");
            parser.SkipSpace(acrossLines: false);
            if (!parser.Take("::="))
            {
                throw parser.Fault("'::='");
            }

            parser.SkipSpace(acrossLines: true);
            if (!rules.TryAdd(name, parser.Alternatives(isNested: false)))
            {
                throw new ConstraintSyntaxException($"grammar: found rule '{name}' twice, expected it once");
            }

            if (parser.HasMore && parser._text[parser._at] is not ('\n' or '\r'))
            {
                throw parser.Fault("the end of the line");
            }

            parser.SkipSpace(acrossLines: true);
        }

        return rules;
    }

    private bool HasMore => _at < _text.Length;

    private GrammarNode Alternatives(bool isNested)
    {
        ConstraintLimits.Require(++_depth < ConstraintLimits.Depth, "grammar", $"groups {_depth} deep");
        List<GrammarNode> parts = [Sequence(isNested)];
        while (Take("|"))
        {
            SkipSpace(acrossLines: true);
            parts.Add(Sequence(isNested));
        }

        _depth--;
        return parts.Count == 1 ? parts[0] : new GrammarNode.Alternatives(parts);
    }

    private GrammarNode.Sequence Sequence(bool isNested)
    {
        List<GrammarNode> parts = [];
        while (Symbol() is { } symbol)
        {
            parts.Add(Repeated(symbol));
            SkipSpace(isNested);
        }

        return new GrammarNode.Sequence(parts);
    }

    private GrammarNode? Symbol()
    {
        if (Take("\""))
        {
            var text = new StringBuilder();
            while (!Take("\""))
            {
                text.Append(Character());
            }

            return new GrammarNode.Text(text.ToString());
        }

        if (Take("["))
        {
            return Class();
        }

        if (Take("("))
        {
            SkipSpace(acrossLines: true);
            var inner = Alternatives(isNested: true);
            return Take(")") ? inner : throw Fault("')'");
        }

        if (Take("."))
        {
            return new GrammarNode.Characters(CharacterRanges.All);
        }

        return Name() is { } name ? new GrammarNode.Rule(name) : null;
    }

    private GrammarNode Repeated(GrammarNode node)
    {
        while (HasMore)
        {
            var (min, max) = (0, 0);
            switch (_text[_at])
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
                case '{':
                    (min, max) = Counts();
                    break;
                default:
                    return node;
            }

            _at++;
            node = new GrammarNode.Repeat(node, min, max);
        }

        return node;
    }

    // Leaves the closing brace to be taken.
    private (int Min, int Max) Counts()
    {
        int end = _text.IndexOf('}', _at);
        string[] numbers = end < 0 ? [] : _text[(_at + 1)..end].Split(',', StringSplitOptions.TrimEntries);
        if (numbers.Length is 1 or 2 && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out int min))
        {
            int max = min;
            if (numbers.Length == 1 || numbers[1].Length == 0
                || int.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out max))
            {
                max = numbers.Length == 2 && numbers[1].Length == 0 ? -1 : max;
                ConstraintLimits.Require(Math.Max(min, max) <= MostRepeats, "grammar", $"{Math.Max(min, max)} repetitions");
                _at = end;
                return max < 0 || min <= max ? (min, max) : throw Fault("a smaller number first");
            }
        }

        throw Fault("{n}, {n,} or {n,m}");
    }

    private string? Name()
    {
        int start = _at;
        while (HasMore && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] is '-' or '_'))
        {
            _at++;
        }

        return _at > start ? _text[start.._at] : null;
    }

    private void SkipSpace(bool acrossLines)
    {
        while (HasMore)
        {
            if (_text[_at] == '#')
            {
                int end = _text.AsSpan(_at).IndexOfAny('\r', '\n');
                _at = end < 0 ? _text.Length : _at + end;
            }
            else if (_text[_at] is ' ' or '\t' || (acrossLines && _text[_at] is '\r' or '\n'))
            {
                _at++;
            }
            else
            {
                break;
            }
        }
    }

    private bool Take(string text)
    {
        if (_text.AsSpan(_at).StartsWith(text, StringComparison.Ordinal))
        {
            _at += text.Length;
            return true;
        }

        return false;
    }

    private ConstraintSyntaxException Fault(string expected)
    {
        int line = _text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n') + 1;
        string found = HasMore ? $"'{Rune.GetRuneAt(_text, _at)}'" : "the end";
        return new ConstraintSyntaxException($"grammar: line {line}: found {found}, expected {expected}");
    }
}
