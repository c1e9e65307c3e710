using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>bfloat16: the upper half of a float32.</summary>
public readonly struct BFloat16 : IWeightFormat<ushort>, ICacheFormat<ushort>
{
    public static bool IsScaled => false;

    public static int PerPack => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort bits) => Interop.IntAsFloat((uint)bits << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float DecodeLane(ushort bits) => Decode(bits);

    [OpenCl("lanes = as_float16(convert_int16(from) << 16);"), IntrinsicImplementation]
    public static void Load(ref ushort from, ref float lanes) => DecodeVector(ref from).StoreUnsafe(ref lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ref ushort from) => Lanes.Prefetch(ref from);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> DecodeVector(ref readonly ushort bits) =>
        (Vectors.Widen(Vector256.LoadUnsafe(in bits)) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        return (ushort)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scaled(float sum, ArrayView<ushort> weights, int stride, long row) => sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ScaleStrip(ref float sums, ArrayView<ushort> weights, int stride, long strip)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats4 Four(Pack weights, int four) => four == 0 ? Low(weights) : High(weights);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(Pack weights, ArrayView<Floats4> activations, int pack) =>
        FourWeights.Dot(Low(weights), activations[2 * pack]) + FourWeights.Dot(High(weights), activations[2 * pack + 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(Dot))]
    public static float WaveDot(Pack weights, ArrayView<Floats4> activations, int pack) => Dot(weights, activations, pack);

    private static Floats4 Low(Pack pack) => Pair(pack.A, pack.B);

    private static Floats4 High(Pack pack) => Pair(pack.C, pack.D);

    private static Floats4 Pair(uint first, uint second) => new()
    {
        A = Interop.IntAsFloat(first << 16),
        B = Interop.IntAsFloat(first & 0xFFFF0000u),
        C = Interop.IntAsFloat(second << 16),
        D = Interop.IntAsFloat(second & 0xFFFF0000u),
    };
}
