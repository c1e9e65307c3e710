using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>What a matrix product does with each element of its output.</summary>
public interface IResult
{
    static abstract float Combine(float current, float product);

    /// <summary>The same with <see cref="Lanes"/>.</summary>
    static abstract void Write(ref float products, ref float to);
}
