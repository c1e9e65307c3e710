namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>A control token, which stands for no text.</summary>
internal sealed class ControlPart(int id) : FormPart
{
    public override void Enter(Branch? below, StepResult result) => result.Add(new ControlItem(id), below);
}
