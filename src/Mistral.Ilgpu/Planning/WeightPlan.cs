namespace Mistral.Ilgpu.Planning;

/// <summary>Weights that an operation takes.</summary>
/// <param name="Name">The names of its tensors.</param>
/// <param name="Bytes">On the device, padding included.</param>
internal abstract record WeightPlan(string Name, long Bytes)
{
    /// <summary>Its numbers, without those that pad it on the device.</summary>
    public abstract long Count { get; }
}
