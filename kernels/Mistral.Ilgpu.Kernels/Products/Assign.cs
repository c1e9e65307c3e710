using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Products;

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
    public static void Write(ArrayView<float> output, long at, float value) => output[at] = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product) => product;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref float products, ref float to) => Lanes.Copy(ref products, ref to);
}
