namespace Mistral.Ilgpu.Planning;

/// <summary>output = silu(gate × input) × (up × input), the first half of a feed-forward layer (Shazeer, arXiv
/// 2002.05202).</summary>
/// <param name="GateUp">Rows of the gate over rows of up.</param>
/// <param name="Products">Room for both products.</param>
public sealed record GatedProduct(
    string Name, ActivationPlan From, MatrixPlan GateUp, ActivationPlan Products, ActivationPlan To) : Operation(Name, To.Rows)
{
    public override ActivationPlan Input => From;

    public override ActivationPlan Output => To;

    public override ActivationPlan Scratch => Products;

    public override WeightPlan Weights => GateUp;

    /// <summary>The norm that it makes itself, of its one row; then it reads what that norm reads. Fusion decides.</summary>
    public Norm? Norm { get; init; }

    /// <summary>Whether another operation takes its place in passes of one decoded row. Fusion decides.</summary>
    public bool IsForSeveral { get; init; }

    /// <summary>Whether its input comes in eight bits too. Fusion decides.</summary>
    public bool IsInt8Ready { get; init; }

    /// <summary>Whether it writes its output in eight bits too, for the product that takes it. Fusion decides.</summary>
    public bool MakesInt8 { get; init; }

    /// <summary>The weights once, inputs and outputs; 2 operations per weight and row, and 5 per output.</summary>
    public override StepCost Cost(Pass pass)
    {
        long rows = Rows.Count(pass);
        long outputs = rows * To.Columns;
        return new StepCost(
            GateUp.Bytes + (((rows * GateUp.Columns) + outputs) * sizeof(float)), (2 * rows * GateUp.Rows * GateUp.Columns) + (5 * outputs));
    }
}
