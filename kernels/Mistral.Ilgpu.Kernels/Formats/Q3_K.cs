using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Three bits, the third of them apart; six-bit scales of 16 weights: w = d (s − 32) (q − 4).</summary>
public readonly struct Q3_K : IStripFormat, IPackedBits
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => true;

    public static bool HasOffsets => false;

    public static int QuantsAt => 0;

    public static int QuantBytes => 96;

    public static int ScaleWords => 7;

    public static int Bits => 3;

    public static int Bias => 4;

    public static bool IsUneven => false;

    public static int BlockFloats => 1;

    public static int RunBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        (TwoBits.Of(quants, at + 32, run, half, i) | (((quants[at + (half * BlockRun.Half) + i] >> run) & 1) << 2)) - 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run)
    {
        float d = Float16.Decode(scales[at + 6]);
        return new RunScale { Low = d * SixBits(scales, at, 2 * run), High = d * SixBits(scales, at, (2 * run) + 1) };
    }

    /// <summary>Scale i has its lower four bits in nibble i / 8 of byte i % 8, the upper two in byte 8 + i % 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SixBits(ArrayView<ushort> scales, long at, int i)
    {
        int lower = (Bytes.Of(scales, at, i & 7) >> (4 * (i >> 3))) & 15;
        int upper = (Bytes.Of(scales, at, 8 + (i & 3)) >> (2 * (i >> 2))) & 3;
        return (lower | (upper << 4)) - 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + 6];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => SixBits(scales, at, (2 * run) + index);

    public static bool HalvesAreApart => true;

    public static int ProductsOfFour => 2;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(WordsOnCuda))]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 6) + 2 + (2 * (run >> 2))],
        High = quants.Cast<Pack>()[(block * 6) + 3 + (2 * (run >> 2))],
        UpperLow = quants.Cast<Pack>()[block * 6], UpperHigh = quants.Cast<Pack>()[(block * 6) + 1],
    };

    /// <summary>The same with one address for both halves, and the run first, so that blocks are constants away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOnCuda(ArrayView<byte> quants, long block, int run)
    {
        var pairs = quants.Cast<PackPair>();
        var (pair, upper) = (pairs.SubView(run >> 2)[(block * 3) + 1], pairs[block * 3]);
        return new RunWords { Low = pair.Low, High = pair.High, UpperLow = upper.Low, UpperHigh = upper.High };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q3_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero),
        // q − 4 is the lower two bits, less 4 where the third is not set.
        Lower = BitField.Of(PackedBytes.Pairs, 2 * (run & 3), 1), Upper = BitField.Of(PackedBytes.Ones, run, -4),
        Scale = new ScaleFields { Shift = Hoisted.Of(4 * (run >> 2)), Turn = Hoisted.Of(4 - (2 * (run >> 1))) },
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Dot(fields.Zero, words.Low, low) + fields.Upper.DotOfUnset(fields.Zero, words.UpperLow, low),
        High = fields.Lower.Dot(fields.Zero, words.High, high) + fields.Upper.DotOfUnset(fields.Zero, words.UpperHigh, high),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => new()
    {
        Low = WaveBits.Field(
            words.Low, 2 * (run & 3), PackedBytes.Pairs, words.UpperLow, 2 - run, PackedBytes.Ones << 2),
        High = WaveBits.Field(
            words.High, 2 * (run & 3), PackedBytes.Pairs, words.UpperHigh, 2 - run, PackedBytes.Ones << 2),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(ScaleWordsOfOnCuda))]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run)
    {
        long at = block * ScaleWords;
        return new Pack { A = scales[at + (run & 3)], B = scales[at + 4 + (run & 1)], C = scales[at + 6] };
    }

    /// <summary>The same with the run first, as in <see cref="WordsOnCuda"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOfOnCuda(ArrayView<ushort> scales, long block, int run)
    {
        long at = block * ScaleWords;
        return new Pack { A = scales.SubView(run & 3)[at], B = scales.SubView(run & 1)[at + 4], C = scales[at + 6] };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(ScaleOfOnOpenCl))]
    public static RunScale ScaleOf(Pack words, int run)
    {
        // Two scales to a word: see SixBits.
        float d = HalfPair.Low(words.C);
        uint lower = words.A >> (4 * (run >> 2));
        uint upper = words.B >> (2 * (run >> 1));
        return new RunScale
        {
            Low = d * ((int)((lower & 15) | ((upper & 3) << 4)) - 32),
            High = d * ((int)(((lower >> 8) & 15) | (((upper >> 8) & 3) << 4)) - 32),
        };
    }

    /// <summary>The same by conversions of bytes, which are as fast as sums on CDNA where those of words are not. Both products
    /// in a sum are exact, so it is rounded as one product. With a fused multiply-add goes the half's conversion.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOfOnOpenCl(Pack words, int run)
    {
        uint both = ((words.A >> (4 * (run >> 2))) & 0x0F0F) | (PackedBytes.Rotate(words.B, 4 - (2 * (run >> 1))) & 0x3030);
        float bias = HalfPair.LowTimes(words.C, -32);
        return new RunScale
        {
            Low = HalfPair.LowTimesPlus(words.C, (int)(both & 255), bias),
            High = HalfPair.LowTimesPlus(words.C, (int)(both >> 8), bias),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields)
    {
        // Two scales to a word, see SixBits. A product less 32 times the factor is rounded once, and so is exact.
        float d = HalfPair.Low(words.C);
        float bias = -32 * d;
        uint both = ((words.A >> fields.Scale.Shift) & 0x0F0F) | (PackedBytes.Rotate(words.B, fields.Scale.Turn) & 0x3030);
        return new RunScale
        {
            Low = Fused.MultiplyAdd(d, PackedScale.FirstByte(both), bias),
            High = Fused.MultiplyAdd(d, PackedScale.SecondByte(both), bias),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 24) + (4 * (2 + (2 * (run >> 2)))) + at], words[(block * 24) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => lines.Pieces(2 + (2 * (run >> 2)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q3_K>(quants, 2 + (2 * (run >> 2)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(DecodeOnOpenCl))]
    public static uint Decode(uint lower, uint upper, int part) =>
        PackedBytes.Minus(((lower >> (2 * (part & 3))) & PackedBytes.Pairs) | (((upper >> part) & PackedBytes.Ones) << 2), 4);

    /// <summary>The same, with the upper bits turned into their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint DecodeOnOpenCl(uint lower, uint upper, int part) => PackedBytes.Minus(
        ((lower >> (2 * (part & 3))) & PackedBytes.Pairs) | (PackedBytes.Rotate(upper, 2 - part) & (PackedBytes.Ones << 2)), 4);
}
