namespace Mistral.Ilgpu.Planning;

/// <summary>
/// output = silu(gate × input) × (up × input), the first half of a feed-forward layer (Shazeer, arXiv 2002.05202).
/// </summary>
/// <param name="Matrix">The rows of gate, then the rows of up.</param>
/// <param name="Products">A buffer for both products.</param>
internal sealed record GatedProduct(
    string Name, ActivationPlan From, MatrixPlan Matrix, ActivationPlan Products,
    ActivationPlan To) : MatrixProduct(Name, From, Matrix, To)
{
    public override ActivationPlan Scratch => Products;

    /// <summary>The weights once, inputs and outputs; 2 operations for each weight and row, and 5 for each output.</summary>
    public override StepCost Cost(Pass pass)
    {
        long rows = Rows.Count(pass);
        long outputs = rows * To.Columns;
        return new StepCost(
            Matrix.Bytes + (((rows * Matrix.Columns) + outputs) * sizeof(float)),
            (2 * rows * Matrix.Rows * Matrix.Columns) + (5 * outputs));
    }
}
