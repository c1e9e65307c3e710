namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>What a product does with a token's activations as it loads them.</summary>
public interface IInputNorm
{
    /// <summary>Whether it norms them.</summary>
    static abstract bool IsOn { get; }
}
