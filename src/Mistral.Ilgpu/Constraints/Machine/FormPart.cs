namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>A part of the form of a text.</summary>
internal abstract class FormPart
{
    /// <summary>Adds the branches that the part begins with.</summary>
    /// <param name="below">What follows the part; null for the end of the text.</param>
    public abstract void Enter(Branch? below, StepResult result);
}
