namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Below a part: what follows it.</summary>
internal sealed record SequenceItem(FormSequence Rest) : Item
{
    public override void Step(Branch self, byte value, StepResult result) =>
        throw new InvalidOperationException("a sequence is entered, so that a part of it is on top");

    public override void Return(Branch self, int final, StepResult result) => FormSequence.Enter(Rest, self.Parent, result);
}
