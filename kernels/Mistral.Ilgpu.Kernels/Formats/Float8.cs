using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Eight-bit floats, e4m3fn: a sign, four bits of exponent with a bias of 7, three of mantissa. There is no infinity; the largest
/// is 448 (Micikevicius et al., FP8 Formats for Deep Learning, arXiv 2209.05433, §3). A row's weights have a scale in common, a
/// float behind the rows.
/// </summary>
public readonly struct Float8 : IWeightFormat<byte>
{
    // 2^120, because the bias of a float32 differs.
    private const float Bias = 1.329227995784916e36f;

    // The sign, and exponent and mantissa in their places.
    private const int Placed = unchecked((int)0x87F00000);

    public static int PerPack => 16;

    /// <summary>Exact; NaN is refused when weights are loaded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Decode(byte bits) => FromBits(bits);

    // A subnormal number is a subnormal float on the way. It is wrong on GPUs whose OpenCL takes those for zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float DecodeLane(byte bits) => Interop.IntAsFloat((uint)((((int)bits << 24) >> 4) & Placed)) * Bias;

    [OpenCl("lanes = as_float16((convert_int16(from) << 20) & (int)0x87f00000) * 1.329227995784916e36f;"),
        IntrinsicImplementation]
    public static void Load(ref byte from, ref float lanes) => DecodeVector(ref from).StoreUnsafe(ref lanes);

    [OpenCl(Lanes.PrefetchAhead), IntrinsicImplementation]
    public static void Prefetch(ref byte from)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> DecodeVector(ref readonly byte bits)
    {
        var shifted = Vectors.Widen(Vector128.LoadUnsafe(in bits).AsSByte()) << 20;
        return (shifted & Vector512.Create(Placed)).AsSingle() * Bias;
    }

    /// <summary>Rounds to nearest, ties to even; what is larger than 448 becomes that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Encode(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        uint sign = (bits >> 24) & 0x80u;
        uint magnitude = bits & 0x7FFFFFFFu;
        if (magnitude >= 0x43E00000u)
        {
            return (byte)(sign | (magnitude > 0x7F800000u ? 0x7Fu : 0x7Eu));
        }

        if (magnitude < 0x3C800000u)
        {
            // Subnormal numbers are multiples of 2^-9; adding 2^14 lines those up with a float's last bit and rounds to even.
            return (byte)(sign | (Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + 16384f) - 0x46800000u));
        }

        return (byte)(sign | ((magnitude - 0x3C000000u + 0x7FFFFu + ((magnitude >> 20) & 1u)) >> 20));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats4 Four(Pack weights, int four) =>
        four == 0 ? Four(weights.A) : four == 1 ? Four(weights.B) : four == 2 ? Four(weights.C) : Four(weights.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(Pack weights, ArrayView<Floats4> activations, int pack) =>
        (FourWeights.Dot(Four(weights.A), activations[4 * pack]) + FourWeights.Dot(Four(weights.B), activations[(4 * pack) + 1]))
        + (FourWeights.Dot(Four(weights.C), activations[(4 * pack) + 2])
            + FourWeights.Dot(Four(weights.D), activations[(4 * pack) + 3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(Dot))]
    public static float WaveDot(Pack weights, ArrayView<Floats4> activations, int pack) =>
        256 * ((WaveFour(weights.A, activations[4 * pack]) + WaveFour(weights.B, activations[(4 * pack) + 1]))
            + (WaveFour(weights.C, activations[(4 * pack) + 2]) + WaveFour(weights.D, activations[(4 * pack) + 3])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Scaled(float sum, ArrayView<byte> weights, int stride, long row) =>
        sum * weights.Cast<float>()[ScalesAt(weights, stride) + row];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ScaleStrip(ref float sums, ArrayView<byte> weights, int stride, long strip) =>
        Lanes.Multiply(ref sums, 1, ref weights.Cast<float>()[ScalesAt(weights, stride) + (strip * Strip.Rows)], ref sums);

    // In floats: each row has its elements and a scale.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long ScalesAt(ArrayView<byte> weights, int stride) =>
        weights.Length / (stride + sizeof(float)) * (stride / sizeof(float));

    // An exponent of zero means a multiple of 2^-9: read with an exponent of one more and that one taken off again, see Float16.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float FromBits(uint bits)
    {
        int magnitude = (int)(bits & 0x7Fu);
        int isSubnormal = (magnitude - 0x08) >> 31;
        float value = Interop.IntAsFloat((uint)((magnitude << 20) + 0x3C000000 + (isSubnormal & 0x00800000)))
            - Interop.IntAsFloat((uint)(isSubnormal & 0x3C800000));
        return Interop.IntAsFloat(Interop.FloatAsInt(value) | ((bits & 0x80u) << 24));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 Four(uint word) => new()
    {
        A = FromBits(word & 0xFFu),
        B = FromBits((word >> 8) & 0xFFu),
        C = FromBits((word >> 16) & 0xFFu),
        D = FromBits(word >> 24),
    };

    // Weights of odd bytes, and of even ones, are halves side by side. Those are 2⁻⁸ times as large, because the bias differs. A
    // subnormal weight is a subnormal half. A product with nothing added takes the half's conversion along.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float WaveFour(uint word, Floats4 x)
    {
        const uint BothPlaced = 0xBF80BF80;
        uint even = Halves(word << 8) & BothPlaced;
        uint odd = Halves(word) & BothPlaced;
        return (HalfPair.LowTimes(even, x.A) + HalfPair.LowTimes(odd, x.B))
            + (HalfPair.HighTimes(even, x.C) + HalfPair.HighTimes(odd, x.D));
    }

    /// <summary>Shifts both 16-bit halves to the right by one, as signed numbers.</summary>
    [Wave("result = wave_halved(word);"), IntrinsicImplementation]
    public static uint Halves(uint word) =>
        (uint)(((int)word >> 1) & unchecked((int)0xFFFF0000)) | ((uint)((int)(word << 16) >> 17) & 0xFFFF);
}
