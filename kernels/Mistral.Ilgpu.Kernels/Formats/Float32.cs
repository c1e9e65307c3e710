using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>IEEE 754 binary32.</summary>
public readonly struct Float32 : IWeightFormat<float>, ICacheFormat<float>
{
    public static bool IsScaled => false;

    public static int PerPack => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(float bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float DecodeLane(float bits) => bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(ref float from, ref float lanes) => Lanes.Copy(ref from, ref lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ref float from) => Lanes.Prefetch(ref from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> DecodeVector(ref readonly float bits) => Vector512.LoadUnsafe(in bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Encode(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scaled(float sum, ArrayView<float> weights, int stride, long row) => sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ScaleStrip(ref float sums, ArrayView<float> weights, int stride, long strip)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats4 Four(Pack weights, int four) => Bits(weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(Pack weights, ArrayView<Floats4> activations, int pack) =>
        FourWeights.Dot(Bits(weights), activations[pack]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(Dot))]
    public static float WaveDot(Pack weights, ArrayView<Floats4> activations, int pack) => Dot(weights, activations, pack);

    private static Floats4 Bits(Pack pack) => new()
    {
        A = Interop.IntAsFloat(pack.A),
        B = Interop.IntAsFloat(pack.B),
        C = Interop.IntAsFloat(pack.C),
        D = Interop.IntAsFloat(pack.D),
    };
}
