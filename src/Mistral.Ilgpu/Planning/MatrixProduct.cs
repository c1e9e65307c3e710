namespace Mistral.Ilgpu.Planning;

/// <summary>Multiplies activations with a matrix.</summary>
internal abstract record MatrixProduct(
    string Name, ActivationPlan From, MatrixPlan Matrix, ActivationPlan To) : Operation(Name, To.Rows)
{
    public override ActivationPlan Input => From;

    public override ActivationPlan Output => To;

    public override WeightPlan Weights => Matrix;

    /// <summary>
    /// The norm that the product computes itself in passes of one row; its input is then the norm's input. Set by fusion.
    /// </summary>
    public Norm? Norm { get; init; }

    /// <summary>Whether another operation replaces this one in passes of one decoded row. Set by fusion.</summary>
    public bool IsForSeveral { get; init; }

    /// <summary>Whether the input is also written in eight bits. Set by fusion.</summary>
    public bool IsInt8Ready { get; init; }

    /// <summary>Whether rows of prompts are written in 16 bits. Set by fusion.</summary>
    public bool IsRounded { get; init; }
}
