namespace Mistral.Ilgpu.Planning;

/// <summary>output = weights × input, or output += where it adds to the residual.</summary>
public sealed record Product(string Name, ActivationPlan From, MatrixPlan Matrix, ActivationPlan To, bool AddsToResidual = false) : Operation(Name, To.Rows)
{
    public override ActivationPlan Input => From;

    public override ActivationPlan Output => To;

    public override WeightPlan Weights => Matrix;

    /// <summary>The norm that it makes itself, of its one row; then it reads what that norm reads. Fusion decides.</summary>
    public Norm? Norm { get; init; }

    /// <summary>Whether another operation takes its place in passes of one decoded row. Fusion decides.</summary>
    public bool IsForSeveral { get; init; }

    /// <summary>Whether its input comes in eight bits too. Fusion decides.</summary>
    public bool IsInt8Ready { get; init; }

    /// <summary>The weights once, inputs and outputs; 2 operations per weight and row.</summary>
    public override StepCost Cost(Pass pass)
    {
        long rows = Rows.Count(pass);
        return new StepCost(Matrix.Bytes + (rows * (Matrix.Rows + Matrix.Columns) * sizeof(float)), 2 * rows * Matrix.Rows * Matrix.Columns);
    }
}
