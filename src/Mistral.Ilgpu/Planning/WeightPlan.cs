namespace Mistral.Ilgpu.Planning;

/// <summary>The weights of an operation.</summary>
/// <param name="Name">The names of its tensors.</param>
/// <param name="Bytes">Bytes on the device, including padding.</param>
internal abstract record WeightPlan(string Name, long Bytes)
{
    /// <summary>The number of weights, without padding.</summary>
    public abstract long Count { get; }
}
