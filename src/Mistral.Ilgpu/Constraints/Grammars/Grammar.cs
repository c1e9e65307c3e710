using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>
/// A context-free grammar. What does not lead back to itself becomes a lexeme, so that only recursion needs a stack.
/// </summary>
internal sealed class Grammar
{
    private const string Root = "root";

    private readonly Dictionary<string, GrammarNode> _rules;
    private readonly LanguageFactory _factory = new();
    private readonly HashSet<string> _recursive;
    private readonly HashSet<string> _nullable = new(StringComparer.Ordinal);
    private readonly HashSet<string> _productive = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Language> _languages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChoicePart> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<Language, TextLexeme> _lexemes = [];
    

    private Grammar(Dictionary<string, GrammarNode> rules)
    {
        _rules = rules;
        RequireRules();
        _recursive = [.. rules.Keys.Where(name => Reachable(rules[name]).Contains(name))];
        Fill(_nullable, IsNullable);
        Fill(_productive, IsProductive);
        if (!_productive.Contains(Root))
        {
            throw new ConstraintSyntaxException("grammar: found a rule 'root' that no text completes, expected one that some text does");
        }

        RequireNoLeftRecursion();
        foreach (var rule in rules.Values)
        {
            RequireProgress(rule);
        }

        Form = SequenceOf(new GrammarNode.Rule(Root), null);
    }

    /// <summary>The form of a text; null for the empty text alone.</summary>
    public FormSequence? Form { get; }

    /// <exception cref="ConstraintSyntaxException">The grammar is wrong, or a rule begins with itself.</exception>
    public static Grammar Parse(string text) => new(GrammarParser.Parse(text));


    private void RequireRules()
    {
        foreach (string name in _rules.Values.SelectMany(References).Append(Root))
        {
            if (!_rules.ContainsKey(name))
            {
                throw new ConstraintSyntaxException($"grammar: found no rule '{name}', expected one");
            }
        }
    }

    private static IEnumerable<string> References(GrammarNode node) => node switch
    {
        GrammarNode.Rule rule => [rule.Name],
        GrammarNode.Repeat repeat => References(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.SelectMany(References),
        GrammarNode.Alternatives alternatives => alternatives.Parts.SelectMany(References),
        _ => [],
    };

    private HashSet<string> Reachable(GrammarNode node) => Closure(References(node), name => References(_rules[name]));

    private static HashSet<string> Closure(IEnumerable<string> start, Func<string, IEnumerable<string>> next)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>(start);
        while (open.TryPop(out string? name))
        {
            if (seen.Add(name))
            {
                foreach (string other in next(name))
                {
                    open.Push(other);
                }
            }
        }

        return seen;
    }

    // The least set of rules that have a property, where rules may have it because others do.
    private void Fill(HashSet<string> names, Func<GrammarNode, bool> has)
    {
        while (_rules.Any(rule => !names.Contains(rule.Key) && has(rule.Value) && names.Add(rule.Key)))
        {
        }
    }

    private bool IsNullable(GrammarNode node) => node switch
    {
        GrammarNode.Text text => text.Value.Length == 0,
        GrammarNode.Rule rule => _nullable.Contains(rule.Name),
        GrammarNode.Repeat repeat => repeat.Min == 0 || IsNullable(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.All(IsNullable),
        GrammarNode.Alternatives alternatives => alternatives.Parts.Any(IsNullable),
        _ => false,
    };

    private bool IsProductive(GrammarNode node) => node switch
    {
        GrammarNode.Characters characters => characters.Ranges.Count > 0,
        GrammarNode.Rule rule => _productive.Contains(rule.Name),
        GrammarNode.Repeat repeat => repeat.Min == 0 || IsProductive(repeat.Part),
        GrammarNode.Sequence sequence => sequence.Parts.All(IsProductive),
        GrammarNode.Alternatives alternatives => alternatives.Parts.Any(IsProductive),
        _ => true,
    };

    private void RequireNoLeftRecursion()
    {
        foreach (string name in _recursive)
        {
            if (Closure(Beginnings(_rules[name]), other => Beginnings(_rules[other])).Contains(name))
            {
                throw new ConstraintSyntaxException($"grammar: found rule '{name}', which begins with itself, expected one that does not");
            }
        }
    }

    // What may be empty would come again at the same place, without end.
    private void RequireProgress(GrammarNode node)
    {
        if (node is GrammarNode.Repeat repeat && IsNullable(repeat.Part) && !IsRegular(repeat.Part))
        {
            throw new ConstraintSyntaxException("grammar: found a repetition of what may be empty, expected one of what is not");
        }

        foreach (var part in node switch
        {
            GrammarNode.Repeat one => [one.Part],
            GrammarNode.Sequence sequence => sequence.Parts,
            GrammarNode.Alternatives alternatives => alternatives.Parts,
            _ => Array.Empty<GrammarNode>(),
        })
        {
            RequireProgress(part);
        }
    }

    // The rules that a text of a part may begin with.
    private IEnumerable<string> Beginnings(GrammarNode node)
    {
        switch (node)
        {
            case GrammarNode.Rule rule:
                return [rule.Name];
            case GrammarNode.Alternatives alternatives:
                return alternatives.Parts.SelectMany(Beginnings);
            case GrammarNode.Sequence sequence:
                int first = sequence.Parts.TakeWhile(IsNullable).Count();
                return sequence.Parts.Take(first + 1).SelectMany(Beginnings);
            case GrammarNode.Repeat repeat:
                return Beginnings(repeat.Part);
            default:
                return [];
        }
    }

    private bool IsRegular(GrammarNode node) => !References(node).Any(_recursive.Contains)
        && References(node).All(name => IsRegular(_rules[name]));

    private Language LanguageOf(GrammarNode node) => node switch
    {
        GrammarNode.Text text => _factory.OfText(text.Value),
        GrammarNode.Characters characters => _factory.OfRanges(characters.Ranges),
        GrammarNode.Repeat repeat => _factory.Loop(LanguageOf(repeat.Part), repeat.Min, repeat.Max),
        GrammarNode.Sequence sequence => sequence.Parts.Reverse()
            .Aggregate(_factory.Empty, (rest, part) => _factory.Concat(LanguageOf(part), rest)),
        GrammarNode.Alternatives alternatives => _factory.Or([.. alternatives.Parts.Select(LanguageOf)]),
        GrammarNode.Rule rule => _languages.TryGetValue(rule.Name, out var known)
            ? known
            : _languages[rule.Name] = LanguageOf(_rules[rule.Name]),
        _ => throw new InvalidOperationException(node.GetType().Name),
    };

    // A part and what follows it.
    private FormSequence? SequenceOf(GrammarNode node, FormSequence? rest)
    {
        if (IsRegular(node))
        {
            var language = LanguageOf(node);
            return language == _factory.Empty ? rest : new FormSequence(new LexemePart(LexemeOf(language)), rest);
        }

        switch (node)
        {
            case GrammarNode.Sequence sequence:
                return PartsOf(sequence.Parts, rest);
            case GrammarNode.Rule rule:
                return new FormSequence(EntryOf(rule.Name), rest);
            case GrammarNode.Alternatives alternatives:
                var any = new ChoicePart();
                any.Ways.AddRange(alternatives.Parts.Where(IsProductive).Select(part => SequenceOf(part, null)));
                return new FormSequence(any, rest);
            case GrammarNode.Repeat repeat:
                return RepeatOf(repeat, rest);
            default:
                throw new InvalidOperationException(node.GetType().Name);
        }
    }

    // Neighbours without recursion are one lexeme.
    private FormSequence? PartsOf(IReadOnlyList<GrammarNode> parts, FormSequence? rest)
    {
        for (int i = parts.Count - 1; i >= 0;)
        {
            int first = i;
            while (first > 0 && IsRegular(parts[first]) && IsRegular(parts[first - 1]))
            {
                first--;
            }

            rest = SequenceOf(first < i ? new GrammarNode.Sequence([.. parts.Skip(first).Take(i - first + 1)]) : parts[i], rest);
            i = first - 1;
        }

        return rest;
    }

    private FormSequence? RepeatOf(GrammarNode.Repeat repeat, FormSequence? rest)
    {
        if (!IsProductive(repeat.Part))
        {
            return rest;
        }

        var optional = rest;
        if (repeat.Max < 0)
        {
            // The part and then the same again, or nothing.
            var more = new ChoicePart();
            more.Ways.Add(SequenceOf(repeat.Part, new FormSequence(more)));
            more.Ways.Add(null);
            optional = new FormSequence(more, rest);
        }
        else if (repeat.Max > repeat.Min)
        {
            var once = ChoicePart.Of(SequenceOf(repeat.Part, null), null);
            for (int i = repeat.Min + 1; i < repeat.Max; i++)
            {
                once = ChoicePart.Of(SequenceOf(repeat.Part, new FormSequence(once)), null);
            }

            optional = new FormSequence(once, rest);
        }

        for (int i = 0; i < repeat.Min; i++)
        {
            optional = SequenceOf(repeat.Part, optional);
        }

        return optional;
    }

    private ChoicePart EntryOf(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            _entries[name] = entry = new ChoicePart();
            entry.Ways.Add(SequenceOf(_rules[name], null));
        }

        return entry;
    }

    private TextLexeme LexemeOf(Language language)
    {
        if (!_lexemes.TryGetValue(language, out var lexeme))
        {
            _lexemes[language] = lexeme = new TextLexeme(new TextAutomaton(_factory, _factory.Concat(language, _factory.Ended)));
        }

        return lexeme;
    }
}
