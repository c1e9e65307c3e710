namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>Which arrays a value may be.</summary>
/// <param name="Goals">What the first items must be.</param>
/// <param name="Rest">What all others must be; null if there may be no others.</param>
/// <param name="Min">The fewest items.</param>
/// <param name="Max">The most items.</param>
/// <param name="Contains">What some items must be; null for nothing.</param>
/// <param name="MinContains">The fewest of them.</param>
/// <param name="MaxContains">The most of them.</param>
internal sealed record ArrayShape(
    SchemaCompiler Compiler, IReadOnlyList<Goal> Goals, Goal? Rest, int Min, int Max, SchemaLiteral? Contains,
    int MinContains, int MaxContains)
{
    /// <summary>Items past this one are all alike.</summary>
    private int Alike => Math.Max(Goals.Count, Max == int.MaxValue ? Min : Max);

    public bool IsSatisfiable =>
        Min <= Max && Enumerable.Range(0, Math.Min(Min, Goals.Count + 1)).All(CanHave) && CanContain(0, 0);

    /// <summary>The number of an item, where all past some are alike.</summary>
    public int Numbered(int index) => Math.Min(index, Alike);

    /// <summary>What an item must be; null if there is none.</summary>
    public Goal? GoalOf(int index) => index >= Max ? null : index < Goals.Count ? Goals[index] : Rest;

    public bool CanHave(int index) => GoalOf(index) is { } goal && Compiler.IsSatisfiable(goal);

    public bool CanEnd(int index, int counted) => index >= Min && counted >= MinContains;

    /// <summary>Whether as many of what the array must contain can follow.</summary>
    public bool CanContain(int index, int counted)
    {
        if (Contains is null || counted >= MinContains)
        {
            return true;
        }

        int missing = MinContains - counted;
        missing -= Goals.Skip(index).Take(Math.Max(0, Max - index))
            .Count(goal => Compiler.IsSatisfiable(Compiler.With(goal, Contains.Value)));
        return missing <= 0
            || (Rest is not null && missing <= Max - Math.Max(index, Goals.Count)
                && Compiler.IsSatisfiable(Compiler.With(Rest, Contains.Value)));
    }
}
