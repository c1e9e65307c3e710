namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Chooses a token for each row of logits. It is the likeliest, the first among equals, or a sample if the step state asks for
/// one
/// and the device can sample.
/// </summary>
internal sealed record Choose(string Name, ActivationPlan Logits) : Operation(Name, RowSet.Logits)
{
    public override ActivationPlan Input => Logits;

    public override ActivationPlan? Output => null;

    /// <summary>Reads the logits once, because they stay in the caches for a sample; one operation for each.</summary>
    public override StepCost Cost(Pass pass) =>
        new((long)pass.LogitCount * Logits.Columns * sizeof(float), (long)pass.LogitCount * Logits.Columns);
}
