namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>A part and what follows it.</summary>
/// <param name="part">The part.</param>
/// <param name="rest">What follows; null for nothing.</param>
internal sealed class FormSequence(FormPart part, FormSequence? rest = null)
{
    /// <summary>What follows; null for nothing.</summary>
    public FormSequence? Rest => rest;

    /// <summary>Adds the branches that a sequence begins with.</summary>
    /// <param name="sequence">Null for an empty one.</param>
    public static void Enter(FormSequence? sequence, Branch? below, StepResult result)
    {
        if (sequence is null)
        {
            result.Return(below, 0);
        }
        else
        {
            sequence.Enter(below, result);
        }
    }

    // A sequence that ends with a part leaves nothing to come back to, so that a list does not grow the stack.
    private void Enter(Branch? below, StepResult result) =>
        part.Enter(rest is null ? below : result.Below(new SequenceItem(rest), below), result);
}
