namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Any of some sequences. They are filled in once all are known, because a rule may refer to itself.</summary>
internal sealed class ChoicePart : FormPart
{
    /// <summary>The sequences; null for the empty one.</summary>
    public List<FormSequence?> Ways { get; } = [];

    public static ChoicePart Of(params ReadOnlySpan<FormSequence?> ways)
    {
        var choice = new ChoicePart();
        choice.Ways.AddRange(ways);
        return choice;
    }

    public override void Enter(Branch? below, StepResult result)
    {
        foreach (var way in Ways)
        {
            FormSequence.Enter(way, below, result);
        }
    }
}
