using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>IEEE 754 binary16, by bit arithmetic because many OpenCL drivers have no half type.</summary>
public readonly struct Float16 : IWeightFormat<ushort>, ICacheFormat<ushort>
{
    public static bool IsScaled => false;

    public static int PerPack => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(ushort bits) => FromBits(bits);

    // Exponent, mantissa and sign in their places, and 2^112 because the bias differs. A subnormal half is a subnormal float on
    // the way. It is wrong on GPUs whose OpenCL takes those for zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float DecodeLane(ushort bits) =>
        Interop.IntAsFloat((uint)((((int)bits << 16) >> 3) & unchecked((int)0x8FFFE000))) * 5.192296858534828e33f;

    [OpenCl("lanes = from_halves(from);"), IntrinsicImplementation]
    public static void Load(ref ushort from, ref float lanes) => DecodeVector(ref from).StoreUnsafe(ref lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(ref ushort from) => Lanes.Prefetch(ref from);

    // An exponent of zero means a multiple of 2^-24: read with an exponent of one more and that one taken off again. There is no
    // subnormal float on the way, which costs some processors a hundred instructions, because scales of blocks often are
    // subnormal halves.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> DecodeVector(ref readonly ushort bits)
    {
        if (Vectors.AreQuarters)
        {
            ref ushort from = ref Unsafe.AsRef(in bits);
            return Vector512.Create(
                Vector256.Create(DecodeQuarter(ref from), DecodeQuarter(ref Unsafe.Add(ref from, 4))),
                Vector256.Create(DecodeQuarter(ref Unsafe.Add(ref from, 8)), DecodeQuarter(ref Unsafe.Add(ref from, 12))));
        }

        var half = Vectors.WidenSigned(Vector256.LoadUnsafe(in bits).AsInt16());
        var normal = (((half << 13) & Vector512.Create(unchecked((int)0x8FFFE000))) + Vector512.Create(0x38000000)).AsSingle();
        var one = ((half & Vector512.Create(int.MinValue)) | Vector512.Create(0x38800000)).AsSingle();
        var isSubnormal = Vector512.Equals(half & Vector512.Create(0x7C00), Vector512<int>.Zero).AsSingle();
        return Vector512.ConditionalSelect(isSubnormal, (normal + normal) - one, normal);
    }

    // The same of four: .NET inlines only so many operations that it makes of smaller ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> DecodeQuarter(ref ushort bits)
    {
        ulong four = Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref bits));
        var half = Vector128.WidenLower(Vector128.CreateScalar(four).AsInt16());
        var normal = (((half << 13) & Vector128.Create(unchecked((int)0x8FFFE000))) + Vector128.Create(0x38000000)).AsSingle();
        var one = ((half & Vector128.Create(int.MinValue)) | Vector128.Create(0x38800000)).AsSingle();
        var isSubnormal = Vector128.Equals(half & Vector128.Create(0x7C00), Vector128<int>.Zero).AsSingle();
        return Vector128.ConditionalSelect(isSubnormal, (normal + normal) - one, normal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Encode(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        uint sign = (bits >> 16) & 0x8000u;
        uint magnitude = bits & 0x7FFFFFFFu;
        if (magnitude >= 0x47800000u)
        {
            // Past the largest finite half: infinity, and NaN stays NaN.
            return (ushort)(sign | (magnitude > 0x7F800000u ? 0x7E00u : 0x7C00u));
        }

        if (magnitude < 0x38800000u)
        {
            // Subnormal halves are multiples of 2^-24; adding 0.5 lines those up with a float's last bit and rounds to even.
            return (ushort)(sign | (Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + 0.5f) - 0x3F000000u));
        }

        return (ushort)(sign | ((magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13));
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
    public static float WaveDot(Pack weights, ArrayView<Floats4> activations, int pack) =>
        WaveFour(weights.A, weights.B, activations[2 * pack]) + WaveFour(weights.C, weights.D, activations[(2 * pack) + 1]);

    // A product with nothing added takes the half's conversion along.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float WaveFour(uint first, uint second, Floats4 x) =>
        (HalfPair.LowTimes(first, x.A) + HalfPair.HighTimes(first, x.B))
        + (HalfPair.LowTimes(second, x.C) + HalfPair.HighTimes(second, x.D));

    /// <summary>Exact for every finite half; infinities and NaN are refused when weights are loaded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FromBits(uint half)
    {
        // An exponent of zero means a multiple of 2^-24: read with an exponent of one more and that one taken off again. Without
        // a branch, which would keep compilers from vectorizing.
        int magnitude = (int)(half & 0x7FFFu);
        int isSubnormal = (magnitude - 0x400) >> 31;
        float value = Interop.IntAsFloat((uint)((magnitude << 13) + 0x38000000 + (isSubnormal & 0x00800000)))
            - Interop.IntAsFloat((uint)(isSubnormal & 0x38800000));
        return Interop.IntAsFloat(Interop.FloatAsInt(value) | ((half & 0x8000u) << 16));
    }

    private static Floats4 Low(Pack pack) => Pair(pack.A, pack.B);

    private static Floats4 High(Pack pack) => Pair(pack.C, pack.D);

    private static Floats4 Pair(uint first, uint second) => new()
    {
        A = FromBits(first & 0xFFFFu),
        B = FromBits(first >> 16),
        C = FromBits(second & 0xFFFFu),
        D = FromBits(second >> 16),
    };
}
