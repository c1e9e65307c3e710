namespace Mistral.Ilgpu.Planning;

/// <summary>A token for each row of logits: the likeliest, the first among equals, or where the device draws tokens the one drawn
/// as the step state says.</summary>
internal sealed record Choose(string Name, ActivationPlan Logits) : Operation(Name, RowSet.Logits)
{
    public override ActivationPlan Input => Logits;

    public override ActivationPlan? Output => null;

    /// <summary>The logits, which stay in the caches if they are read again for a draw; an operation each.</summary>
    public override StepCost Cost(Pass pass) =>
        new((long)pass.LogitCount * Logits.Columns * sizeof(float), (long)pass.LogitCount * Logits.Columns);
}
