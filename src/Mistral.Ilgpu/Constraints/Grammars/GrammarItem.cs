using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Grammars;

/// <summary>Below a part of a rule: what follows it.</summary>
internal sealed record GrammarItem(GrammarSymbol Symbol) : Item
{
    /// <summary>Adds the branches that begin with a symbol.</summary>
    /// <param name="symbol">Null for nothing.</param>
    public static void Enter(GrammarSymbol? symbol, Branch? parent, StepResult result)
    {
        if (symbol is null)
        {
            result.Return(parent, 0);
            return;
        }

        // A rule that ends with a reference leaves nothing to come back to, so that a list does not grow the stack.
        var below = symbol.Rest is null ? parent : result.Below(new GrammarItem(symbol.Rest), parent);
        if (symbol.Lexeme is { } lexeme)
        {
            LexemeItem.Enter(lexeme, lexeme.Start, below, result);
            return;
        }

        foreach (var way in symbol.Alternatives!.Ways)
        {
            Enter(way, below, result);
        }
    }

    public override void Step(Branch self, byte value, StepResult result) =>
        throw new InvalidOperationException("a rule is entered, so that a lexeme is on top");

    public override void Return(Branch self, int final, StepResult result) => Enter(Symbol, self.Parent, result);
}
