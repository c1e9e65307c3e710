namespace Mistral.Ilgpu.Planning;

/// <summary>output = weights × input, or output += weights × input if it adds to the residual.</summary>
internal sealed record Product(
    string Name, ActivationPlan From, MatrixPlan Matrix, ActivationPlan To,
    bool AddsToResidual = false) : MatrixProduct(Name, From, Matrix, To)
{
    /// <summary>The weights once, inputs and outputs; 2 operations for each weight and row.</summary>
    public override StepCost Cost(Pass pass)
    {
        long rows = Rows.Count(pass);
        return new StepCost(
            Matrix.Bytes + (rows * (Matrix.Rows + Matrix.Columns) * sizeof(float)), 2 * rows * Matrix.Rows * Matrix.Columns);
    }
}
