using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>y += W x: the residual connection, added where the product is made.</summary>
public readonly struct AddToResidual : IResult, IEpilogue
{
    public static bool IsGated => false;

    // Before it comes attention, which leaves memory nearly idle for microseconds, or the gated half, whose last groups leave
    // room.
    public static int RoundsAhead => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product, float second) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float CombineOnCuda(float current, float product, float second) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ArrayView<float> output, long at, float value) => output[at] = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => current + product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Add(ref products, ref to);
}
