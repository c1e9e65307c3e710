using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels;

/// <summary>What a matrix product does with each element of its output.</summary>
public interface IResult
{
    static abstract float Combine(float current, float product);

    /// <summary>The same with <see cref="Lanes"/>.</summary>
    static abstract void Write(ref float products, ref float to);
}

/// <summary>y = W x.</summary>
public readonly struct Assign : IResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Copy(ref products, ref to);
}

/// <summary>y += W x: the residual connection, added where the product is made.</summary>
public readonly struct AddToResidual : IResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Add(ref products, ref to);
}
