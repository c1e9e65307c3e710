using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>The languages of regular expressions.</summary>
/// <remarks>
/// What a part matches may depend on what follows, because of assertions: <c>(?!ab)[a-z]+$</c> looks ahead over <c>[a-z]+$</c>.
/// So a part is made with the language of all that follows it, to the end of the text, and a look ahead is an intersection with
/// that.
/// </remarks>
internal sealed class PatternLanguage(LanguageFactory factory)
{
    // A repeated part with an assertion is written out so often at most.
    private const int MostCopies = 32;

    /// <summary>The whole texts in which a pattern is found, as JSON Schema's <c>pattern</c> asks.</summary>
    /// <exception cref="ConstraintSyntaxException">The pattern is wrong, or is no regular language.</exception>
    public Language Search(string pattern)
    {
        var node = PatternParser.Parse(pattern);
        // At the beginning of the text, or behind some of it.
        return factory.Or(
            With(node, factory.AllText, isAtStart: true),
            factory.Concat(factory.AnyText, With(node, factory.AllText, isAtStart: false)));
    }

    /// <summary>The whole texts that a pattern matches from beginning to end.</summary>
    /// <exception cref="ConstraintSyntaxException">The pattern is wrong, or is no regular language.</exception>
    public Language Whole(string pattern) => With(PatternParser.Parse(pattern), factory.Ended, isAtStart: true);

    /// <param name="rest">What follows, with the end of the text.</param>
    private Language With(PatternNode node, Language rest, bool isAtStart)
    {
        if (!node.HasAssertion)
        {
            return factory.Concat(Simple(node), rest);
        }

        switch (node)
        {
            case PatternNode.Sequence sequence:
                // Parts that take no characters leave the next one at the start.
                int starts = sequence.Parts.TakeWhile(part =>
                    part is PatternNode.TextStart or PatternNode.LookAhead).Count();
                for (int i = sequence.Parts.Count - 1; i >= 0; i--)
                {
                    rest = With(sequence.Parts[i], rest, isAtStart && i <= starts);
                }

                return rest;
            case PatternNode.Alternatives alternatives:
                return factory.Or([.. alternatives.Parts.Select(part => With(part, rest, isAtStart))]);
            case PatternNode.TextStart:
                return isAtStart ? rest : factory.Nothing;
            case PatternNode.TextEnd:
                return factory.Derive(rest, LanguageFactory.End).IsNullable ? factory.Ended : factory.Nothing;
            case PatternNode.LookAhead look:
                var ahead = With(look.Part, factory.AllText, isAtStart);
                return factory.And(rest, look.IsNegative ? factory.Not(ahead) : ahead);
            case PatternNode.Repeat { Min: <= MostCopies, Max: >= 0 and <= MostCopies } repeat:
                var with = rest;
                for (int i = repeat.Max; i > 0; i--)
                {
                    with = i > repeat.Min
                        ? factory.Or(rest, With(repeat.Part, with, isAtStart && i == 1))
                        : With(repeat.Part, with, isAtStart && i == 1);
                }

                return with;
            default:
                throw new ConstraintSyntaxException("pattern: found an assertion within a repetition, expected it outside");
        }
    }

    private Language Simple(PatternNode node) => node switch
    {
        PatternNode.Characters characters => factory.OfRanges(characters.Ranges),
        PatternNode.Sequence sequence => sequence.Parts.Reverse()
            .Aggregate(factory.Empty, (rest, part) => factory.Concat(Simple(part), rest)),
        PatternNode.Alternatives alternatives => factory.Or([.. alternatives.Parts.Select(Simple)]),
        PatternNode.Repeat repeat => factory.Loop(Simple(repeat.Part), repeat.Min, repeat.Max),
        _ => throw new InvalidOperationException($"{node.GetType().Name} is an assertion"),
    };
}
