namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Within a lexeme.</summary>
internal sealed record LexemeItem(Lexeme Lexeme, int State) : Item
{
    /// <summary>Adds what follows once a lexeme has come to a state: the lexeme where it goes on, and what is below where it may
    /// be complete.</summary>
    public static void Enter(Lexeme lexeme, int state, Branch? parent, StepResult result)
    {
        if (state < 0)
        {
            return;
        }

        if (lexeme.HasNext(state))
        {
            result.Add(new LexemeItem(lexeme, state), parent);
        }

        if (lexeme.IsAccepting(state))
        {
            result.Return(parent, state);
        }
    }

    public override void Step(Branch self, byte value, StepResult result) =>
        Enter(Lexeme, Lexeme.Next(State, value), self.Parent, result);

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("nothing lies above a lexeme");
}
