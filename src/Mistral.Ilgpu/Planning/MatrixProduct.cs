namespace Mistral.Ilgpu.Planning;

/// <summary>Multiplies activations with a matrix.</summary>
internal abstract record MatrixProduct(
    string Name, ActivationPlan From, MatrixPlan Matrix, ActivationPlan To) : Operation(Name, To.Rows)
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
}
