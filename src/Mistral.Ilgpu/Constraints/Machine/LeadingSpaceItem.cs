using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Before a text whose first space, if it has one, is no part of it.</summary>
/// <param name="Start">The state behind the space, or without one.</param>
internal sealed record LeadingSpaceItem(MachineState Start) : Item
{
    public static void Enter(MachineState start, StepResult result)
    {
        result.Add(new LeadingSpaceItem(start), null);
        if (start.IsComplete)
        {
            result.Return(null, 0);
        }
    }

    public override void Step(Branch self, byte value, StepResult result)
    {
        foreach (var branch in Start.Branches)
        {
            if (value == ' ')
            {
                result.Add(branch.Item, branch.Parent);
            }
            else
            {
                branch.Item.Step(branch, value, result);
            }
        }

        if (value == ' ' && Start.IsComplete)
        {
            result.Return(null, 0);
        }
    }

    public override void StepControl(Branch self, int id, StepResult result)
    {
        foreach (var branch in Start.Branches)
        {
            branch.Item.StepControl(branch, id, result);
        }
    }

    public override void AddControls(TokenMask mask)
    {
        foreach (var branch in Start.Branches)
        {
            branch.Item.AddControls(mask);
        }
    }

    public override void Return(Branch self, int final, StepResult result) =>
        throw new InvalidOperationException("the text takes the place of what is before it");
}
