using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Within any text.</summary>
/// <param name="Controls">Control tokens that it may have.</param>
internal sealed record FreeItem(IReadOnlyList<int> Controls) : Item
{
    public override void Step(Branch self, byte value, StepResult result) => GoOn(self, result);

    public override void StepControl(Branch self, int id, StepResult result)
    {
        if (Controls.Contains(id))
        {
            GoOn(self, result);
        }
    }

    public override void AddControls(TokenMask mask)
    {
        foreach (int id in Controls)
        {
            mask.Add(id);
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("nothing lies above free text");

    private void GoOn(Branch self, StepResult result)
    {
        result.Add(this, self.Parent);
        result.Return(self.Parent, 0);
    }
}
