using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>What a product does with each element of its output where one kernel makes it of one matrix or of two.</summary>
public interface IEpilogue
{
    /// <summary>Whether there is a second matrix, stacked under the first.</summary>
    static abstract bool IsGated { get; }

    /// <summary>Rounds in which a group that awaits its input asks for weights, see <see cref="Products.Cuda.PrefetchedRows"/>:
    /// in one, what the first turn of its loop takes.</summary>
    static abstract int RoundsAhead { get; }

    /// <param name="second">The second matrix's product; 0 where there is none.</param>
    static abstract float Combine(float current, float product, float second);

    /// <summary>The same by NVIDIA's instructions, with no branch in it, so that those of many elements go on side by
    /// side.</summary>
    static abstract float CombineOnCuda(float current, float product, float second);
}

/// <summary>What a matrix product does with each element of its output.</summary>
public interface IResult
{
    static abstract float Combine(float current, float product);

    /// <summary>The same with <see cref="Lanes"/>.</summary>
    static abstract void Write(ref float products, ref float to);
}

/// <summary>y = W x.</summary>
public readonly struct Assign : IResult, IEpilogue
{
    public static bool IsGated => false;

    public static int RoundsAhead => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product, float second) => product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float CombineOnCuda(float current, float product, float second) => product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Copy(ref products, ref to);
}

/// <summary>y += W x: the residual connection, added where the product is made.</summary>
public readonly struct AddToResidual : IResult, IEpilogue
{
    public static bool IsGated => false;

    // Before it comes attention, in which memory has next to nothing to do for microseconds, or the gated half, whose last groups
    // leave room.
    public static int RoundsAhead => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product, float second) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float CombineOnCuda(float current, float product, float second) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Add(ref products, ref to);
}

/// <summary>y = silu(G x) × (U x) (Shazeer, arXiv 2002.05202, eq. 5), G stacked over U.</summary>
public readonly struct GateWithSilu : IEpilogue
{
    public static bool IsGated => true;

    public static int RoundsAhead => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product, float second) => Gate.Silu(product) * second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float CombineOnCuda(float current, float product, float second) => Gate.SiluOnCuda(product) * second;
}
