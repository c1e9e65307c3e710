namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>A lexeme as a part of a form.</summary>
internal sealed class LexemePart(Lexeme lexeme) : FormPart
{
    public override void Enter(Branch? below, StepResult result) => LexemeItem.Enter(lexeme, lexeme.Start, below, result);
}
