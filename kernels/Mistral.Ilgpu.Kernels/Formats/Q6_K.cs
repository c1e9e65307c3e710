using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Six bits, four and two of them; eight-bit scales of 16 weights: w = d s (q − 32).</summary>
public readonly struct Q6_K : IStripFormat, IPackedBits
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => true;

    public static bool HasOffsets => false;

    public static int QuantsAt => 0;

    public static int QuantBytes => 192;

    public static int ScaleWords => 9;

    public static int Bits => 6;

    public static int Bias => 32;

    public static bool IsUneven => false;

    public static int BlockFloats => 1;

    public static int RunBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i)
    {
        int within = (half * BlockRun.Half) + i;
        int lower = Nibble.Of(quants, at + (64 * (run >> 2)) + (32 * (run & 1)) + within, (run >> 1) & 1);
        return (lower | (TwoBits.Of(quants, at + 128, run, half, i) << 4)) - 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run)
    {
        float d = Float16.Decode(scales[at + 8]);
        int both = scales[at + run];
        // Shifts, because OpenCL code for a narrowing cast of an int came out without the sign.
        return new RunScale { Low = d * ((both << 24) >> 24), High = d * ((both << 16) >> 24) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + 8];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) =>
        (scales[at + run] << (24 - (8 * index))) >> 24;

    public static bool HalvesAreApart => true;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(WordsOnCuda))]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1))],
        High = quants.Cast<Pack>()[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1)) + 1],
        UpperLow = quants.Cast<Pack>()[(block * 12) + 8 + (2 * (run >> 2))],
        UpperHigh = quants.Cast<Pack>()[(block * 12) + 9 + (2 * (run >> 2))],
    };

    /// <summary>The same with one address for both halves, and the run first, so that blocks are constants away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOnCuda(ArrayView<byte> quants, long block, int run)
    {
        var pairs = quants.Cast<PackPair>();
        var (pair, upper) = (pairs.SubView((2 * (run >> 2)) + (run & 1))[block * 6], pairs.SubView(run >> 2)[(block * 6) + 4]);
        return new RunWords { Low = pair.Low, High = pair.High, UpperLow = upper.Low, UpperHigh = upper.High };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q6_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero), Lower = BitField.Of(PackedBytes.Nibbles << 2, 0, 0.25f),
        Tops = Hoisted.Of(PackedBytes.Tops),
        LowerTurn = Hoisted.Of(2 - (4 * ((run >> 1) & 1))), UpperTurn = Hoisted.Of(6 - (2 * (run & 3))),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Value(Dp4a.Add(fields.Zero, SignedTops(words.Low, words.UpperLow, fields), low)),
        High = fields.Lower.Value(Dp4a.Add(fields.Zero, SignedTops(words.High, words.UpperHigh, fields), high)),
    };

    // At the top of its byte, with the upper bit turned, a quant of six bits less 32 is a signed number four times as large.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack SignedTops(Pack lower, Pack upper, RunFields fields) => new()
    {
        A = SignedTops(lower.A, upper.A, fields), B = SignedTops(lower.B, upper.B, fields),
        C = SignedTops(lower.C, upper.C, fields), D = SignedTops(lower.D, upper.D, fields),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint SignedTops(uint lower, uint upper, RunFields fields) =>
        ((PackedBytes.Rotate(lower, fields.LowerTurn) & fields.Lower.Mask) | fields.Tops)
        ^ (PackedBytes.Rotate(upper, fields.UpperTurn) & (PackedBytes.Pairs << 6));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => new()
    {
        Low = WaveBits.Field(
            words.Low, 4 * ((run >> 1) & 1), PackedBytes.Nibbles, words.UpperLow, 4 - (2 * (run & 3)), PackedBytes.Pairs << 4),
        High = WaveBits.Field(
            words.High, 4 * ((run >> 1) & 1), PackedBytes.Nibbles, words.UpperHigh, 4 - (2 * (run & 3)), PackedBytes.Pairs << 4),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(ScaleWordsOfOnCuda))]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales[(block * ScaleWords) + run], B = scales[(block * ScaleWords) + 8],
    };

    /// <summary>The same with the run first, as in <see cref="WordsOnCuda"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOfOnCuda(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales.SubView(run)[block * ScaleWords], B = scales[(block * ScaleWords) + 8],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(ScaleOfOnOpenCl))]
    public static RunScale ScaleOf(Pack words, int run)
    {
        float d = HalfPair.Low(words.B);
        int both = (int)words.A;
        return new RunScale { Low = d * ((both << 24) >> 24), High = d * ((both << 16) >> 24) };
    }

    /// <summary>The same by conversions of bytes, see <see cref="Q3_K.ScaleOfOnOpenCl"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOfOnOpenCl(Pack words, int run)
    {
        uint both = words.A ^ 0x8080;
        float bias = HalfPair.LowTimes(words.B, -128);
        return new RunScale
        {
            Low = HalfPair.LowTimesPlus(words.B, (int)(both & 255), bias),
            High = HalfPair.LowTimesPlus(words.B, (int)((both >> 8) & 255), bias),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields)
    {
        float d = HalfPair.Low(words.B);
        return new RunScale
        {
            Low = d * PackedScale.FirstSignedByte(words.A), High = d * PackedScale.SecondSignedByte(words.A),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(
            words[(block * 48) + (4 * ((4 * (run >> 2)) + (2 * (run & 1)))) + at],
            words[(block * 48) + (4 * (8 + (2 * (run >> 2)))) + at],
            run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) =>
        lines.Pieces((4 * (run >> 2)) + (2 * (run & 1)), 8 + (2 * (run >> 2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) =>
        RunStage.PiecesOfRows<Q6_K>(quants, (4 * (run >> 2)) + (2 * (run & 1)), 8 + (2 * (run >> 2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(DecodeOnOpenCl))]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Minus(
        ((lower >> (4 * ((part >> 1) & 1))) & PackedBytes.Nibbles) | (((upper >> (2 * (part & 3))) & PackedBytes.Pairs) << 4),
        32);

    /// <summary>The same, with the upper bits turned into their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint DecodeOnOpenCl(uint lower, uint upper, int part) => PackedBytes.Minus(
        ((lower >> (4 * ((part >> 1) & 1))) & PackedBytes.Nibbles)
            | (PackedBytes.Rotate(upper, 4 - (2 * (part & 3))) & (PackedBytes.Pairs << 4)),
        32);
}
