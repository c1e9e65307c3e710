using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels;

/// <summary>What a matrix product does with each element of its output.</summary>
public interface IResult
{
    static abstract float Combine(float current, float product);
}

/// <summary>y = W x.</summary>
public readonly struct Assign : IResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => product;
}

/// <summary>y += W x: the residual connection, added where the product is made.</summary>
public readonly struct AddToResidual : IResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => current + product;
}
