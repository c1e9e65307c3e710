namespace Mistral.Ilgpu.Planning;

/// <summary>output = input without the zeros that pad each head.</summary>
internal sealed record Narrow(
    string Name, ActivationPlan Padded, ActivationPlan Attended, AttentionShape Shape) : Operation(Name, RowSet.Tokens)
{
    public override ActivationPlan Input => Padded;

    public override ActivationPlan Output => Attended;

    /// <summary>The elements that are read and written.</summary>
    public override StepCost Cost(Pass pass) => new(2L * sizeof(float) * pass.TokenCount * Shape.OutputColumns, 0);
}
