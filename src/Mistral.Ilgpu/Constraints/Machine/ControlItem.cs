using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Before a control token.</summary>
internal sealed record ControlItem(int Id) : Item
{
    public override void Step(Branch self, byte value, StepResult result)
    {
    }

    public override void StepControl(Branch self, int id, StepResult result)
    {
        if (id == Id)
        {
            result.Return(self.Parent, 0);
        }
    }

    public override void AddControls(TokenMask mask) => mask.Add(Id);

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("nothing lies above a control token");
}
