namespace Mistral.Ilgpu.Planning;

/// <summary>normed = RMSNorm(hidden) × gain (Zhang and Sennrich, arXiv 1910.07467).</summary>
internal sealed record Norm(
    string Name, ActivationPlan Hidden, VectorPlan Gain, ActivationPlan Normed, float Epsilon) : Operation(Name, Normed.Rows)
{
    public override ActivationPlan Input => Hidden;

    public override ActivationPlan Output => Normed;

    public override WeightPlan Weights => Gain;

    /// <summary>The rows that are read and written, and the gain; 4 operations for each element.</summary>
    public override StepCost Cost(Pass pass)
    {
        long elements = (long)Rows.Count(pass) * Hidden.Columns;
        return new StepCost(((2 * elements) + Hidden.Columns) * sizeof(float), 4 * elements);
    }
}
