namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Any text, which may be empty.</summary>
/// <param name="controls">Control tokens that it may have.</param>
internal sealed class FreePart(IReadOnlyList<int> controls) : FormPart
{
    public override void Enter(Branch? below, StepResult result)
    {
        result.Add(new FreeItem(controls), below);
        result.Return(below, 0);
    }
}
