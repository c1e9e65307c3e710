using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>y = silu(G x) × (U x) (Shazeer, arXiv 2002.05202, eq. 5), G stacked over U.</summary>
public readonly struct GateWithSilu : IEpilogue
{
    public static bool IsGated => true;

    public static int RoundsAhead => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Combine(float current, float product, float second) => Gate.Silu(product) * second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float CombineOnCuda(float current, float product, float second) => Gate.FastSilu(product) * second;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ArrayView<float> output, long at, float value) => output[at] = value;
}
