namespace Mistral.Ilgpu.Planning;

/// <summary>A vector of weights, in float32 on every device.</summary>
/// <param name="Name">The tensor's name.</param>
internal sealed record VectorPlan(string Name, int Length) : WeightPlan(Name, (long)Length * sizeof(float))
{
    public override long Count => Length;
}
