using System.Numerics;
using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Names that the shape does not name.</summary>
internal sealed partial class ObjectShape
{
    private TextAutomaton? TextOf(ulong others)
    {
        if (others == 0)
        {
            return null;
        }

        bool isAll = others == ulong.MaxValue || BitOperations.PopCount(others) == Others.Count;
        return new TextAutomaton(Compiler.Factory, isAll
            ? _otherNames
            : Compiler.Factory.Or([.. Others.Where((_, i) => (others >> i & 1) != 0).Select(one => one.Names)]));
    }

    // Other names by the patterns that are found in them. There is one class where nothing asks for more.
    private List<(Language Names, long Patterns)> ClassesOfOthers()
    {
        var factory = Compiler.Factory;
        List<(Language Names, long Patterns)> classes = [(_otherNames, 0)];
        if (_denials.Languages.Length == 0 && (Max == int.MaxValue || (_denials.Count == 0 && !HasDependents)))
        {
            return classes;
        }

        classes = [(Unnamed(_otherNames), 0)];
        Language[] languages = [.. _patterns.Select(Compiler.PatternOf), .. _denials.Languages];
        for (int i = 0; i < languages.Length; i++)
        {
            var (with, bit) = (languages[i], 1L << i);
            classes = [.. classes.SelectMany<(Language Names, long Patterns), (Language Names, long Patterns)>(one =>
                [(factory.And(one.Names, with), one.Patterns | bit), (factory.And(one.Names, factory.Not(with)), one.Patterns)])
                .Where(one => new TextAutomaton(factory, one.Names).Start >= 0)];
            ConstraintLimits.Require(classes.Count < MostPatterns, "patternProperties", $"{classes.Count} kinds of names");
        }

        return classes;
    }

    // Names that the shape does not name and whose values can be something.
    private Language OtherNames(Language names)
    {
        var factory = Compiler.Factory;
        var possible = names;
        foreach (var layer in _layers)
        {
            foreach (var (pattern, value) in layer.Patterns)
            {
                possible = IsPossible(value) ? possible : factory.And(possible, factory.Not(Compiler.PatternOf(pattern)));
            }

            if (layer.Additional is { } additional && !IsPossible(additional))
            {
                possible = factory.And(possible, factory.Or([.. layer.Patterns.Select(one => Compiler.PatternOf(one.Pattern))]));
            }
        }

        bool IsPossible(SchemaLiteral value) => Compiler.IsSatisfiable(Compiler.GoalOf([value]));

        // The tree tells names of the shape apart from all others. From some others it cannot, because those end.
        return possible == factory.AllText ? possible : Unnamed(possible);
    }

    private Language Unnamed(Language names)
    {
        var factory = Compiler.Factory;
        return Names.All.Count == 0
            ? names
            : factory.And(names, factory.Not(factory.Concat(factory.OfTexts(Names.All), factory.Ended)));
    }
}
