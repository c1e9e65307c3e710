namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>A part of a rule.</summary>
internal abstract record GrammarNode
{
    /// <summary>Text as it is.</summary>
    internal sealed record Text(string Value) : GrammarNode;

    /// <summary>One character of some ranges of code points.</summary>
    internal sealed record Characters(IReadOnlyList<(int First, int Last)> Ranges) : GrammarNode;

    /// <summary>Parts one after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<GrammarNode> Parts) : GrammarNode;

    /// <summary>Any of the parts.</summary>
    internal sealed record Alternatives(IReadOnlyList<GrammarNode> Parts) : GrammarNode;

    /// <summary>A part, repeated.</summary>
    /// <param name="Max">−1 for no limit.</param>
    internal sealed record Repeat(GrammarNode Part, int Min, int Max) : GrammarNode;

    /// <summary>Another rule.</summary>
    internal sealed record Rule(string Name) : GrammarNode;
}
