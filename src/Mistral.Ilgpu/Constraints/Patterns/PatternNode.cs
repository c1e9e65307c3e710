namespace Mistral.Ilgpu.Constraints.Patterns;

/// <summary>A part of a regular expression.</summary>
internal abstract record PatternNode
{
    /// <summary>Whether it has an assertion: an anchor, or a look ahead.</summary>
    public virtual bool HasAssertion => false;

    /// <summary>One character of some ranges of code points.</summary>
    internal sealed record Characters(IReadOnlyList<(int First, int Last)> Ranges) : PatternNode;

    /// <summary>Parts one after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        public override bool HasAssertion => Parts.Any(part => part.HasAssertion);
    }

    /// <summary>Any of the parts.</summary>
    internal sealed record Alternatives(IReadOnlyList<PatternNode> Parts) : PatternNode
    {
        public override bool HasAssertion => Parts.Any(part => part.HasAssertion);
    }

    /// <summary>A part, repeated.</summary>
    /// <param name="Max">−1 for no limit.</param>
    internal sealed record Repeat(PatternNode Part, int Min, int Max) : PatternNode
    {
        public override bool HasAssertion => Part.HasAssertion;
    }

    /// <summary><c>^</c>.</summary>
    internal sealed record TextStart : PatternNode
    {
        public override bool HasAssertion => true;
    }

    /// <summary><c>$</c>.</summary>
    internal sealed record TextEnd : PatternNode
    {
        public override bool HasAssertion => true;
    }

    /// <summary><c>(?=…)</c> or <c>(?!…)</c>.</summary>
    internal sealed record LookAhead(PatternNode Part, bool IsNegative) : PatternNode
    {
        public override bool HasAssertion => true;
    }
}
