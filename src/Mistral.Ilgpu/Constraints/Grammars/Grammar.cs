using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>
/// A context-free grammar. What does not lead back to itself becomes a lexeme, so that only recursion needs a stack.
/// </summary>
internal sealed class Grammar
{
    private readonly GrammarRules _rules;
    private readonly LanguageFactory _factory = new();
    private readonly Dictionary<string, Language> _languages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChoicePart> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<Language, TextLexeme> _lexemes = [];

    private Grammar(GrammarRules rules)
    {
        _rules = rules;
        Form = SequenceOf(new GrammarNode.Rule(GrammarRules.Root), null);
    }

    /// <summary>The form of a text; null for the empty text alone.</summary>
    public FormSequence? Form { get; }

    /// <exception cref="ConstraintSyntaxException">The grammar is wrong, or a rule begins with itself.</exception>
    public static Grammar Parse(string text) => new(new GrammarRules(GrammarParser.Parse(text)));


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
        if (_rules.IsRegular(node))
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
                any.Ways.AddRange(alternatives.Parts.Where(_rules.IsProductive).Select(part => SequenceOf(part, null)));
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
            while (first > 0 && _rules.IsRegular(parts[first]) && _rules.IsRegular(parts[first - 1]))
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
        if (!_rules.IsProductive(repeat.Part))
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
