using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Two bits; four-bit scales and minima of 16 weights: w = d s q − dmin m.</summary>
public readonly struct Q2_K : IStripFormat, IPackedBits
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => true;

    public static bool HasOffsets => true;

    public static int QuantsAt => 16;

    public static int QuantBytes => 64;

    public static int ScaleWords => 10;

    public static int Bits => 2;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 2;

    public static int RunBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) => TwoBits.Of(quants, at, run, half, i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run)
    {
        float d = Float16.Decode(scales[at + 8]);
        float min = Float16.Decode(scales[at + 9]);
        int both = scales[at + run];
        return new RunScale
        {
            Low = d * (both & 15),
            High = d * ((both >> 8) & 15),
            LowOffset = -(min * ((both >> 4) & 15)),
            HighOffset = -(min * (both >> 12)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + 8 + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) =>
        (scales[at + run] >> ((8 * (index & 1)) + (4 * (index >> 1)))) & 15;

    public static bool HalvesAreApart => true;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(WordsOnCuda))]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 4) + (2 * (run >> 2))], High = quants.Cast<Pack>()[(block * 4) + (2 * (run >> 2)) + 1],
    };

    /// <summary>The same with one address for both halves, and the run first, so that blocks are constants away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOnCuda(ArrayView<byte> quants, long block, int run)
    {
        var pair = quants.Cast<PackPair>().SubView(run >> 2)[block * 2];
        return new RunWords { Low = pair.Low, High = pair.High };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q2_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero), Lower = BitField.Of(PackedBytes.Pairs, 2 * (run & 3), 1),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Dot(fields.Zero, words.Low, low), High = fields.Lower.Dot(fields.Zero, words.High, high),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => new()
    {
        Low = WaveBits.Field(words.Low, 2 * (run & 3), PackedBytes.Pairs),
        High = WaveBits.Field(words.High, 2 * (run & 3), PackedBytes.Pairs),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(ScaleWordsOfOnCuda))]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales[(block * ScaleWords) + run], B = scales.Cast<uint>()[(block * (ScaleWords / 2)) + 4],
    };

    /// <summary>The same with the run first, as in <see cref="WordsOnCuda"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOfOnCuda(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales.SubView(run)[block * ScaleWords], B = scales.Cast<uint>()[(block * (ScaleWords / 2)) + 4],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(ScaleOfOnOpenCl))]
    public static RunScale ScaleOf(Pack words, int run)
    {
        float d = HalfPair.Low(words.B);
        float min = HalfPair.High(words.B);
        // Sixteen bits, as a signed number, because unsigned ones become floats by way of doubles.
        int fours = (int)words.A;
        return new RunScale
        {
            Low = d * (fours & 15),
            High = d * ((fours >> 8) & 15),
            LowOffset = -(min * ((fours >> 4) & 15)),
            HighOffset = -(min * (fours >> 12)),
        };
    }

    /// <summary>The same by products that take the half's conversion along, as in <see cref="Q3_K.ScaleOfOnOpenCl"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOfOnOpenCl(Pack words, int run)
    {
        uint scaleBytes = words.A & 0x0F0F;
        uint minima = (words.A >> 4) & 0x0F0F;
        return new RunScale
        {
            Low = HalfPair.LowTimes(words.B, (int)(scaleBytes & 255)), High = HalfPair.LowTimes(words.B, (int)(scaleBytes >> 8)),
            LowOffset = -HalfPair.HighTimes(words.B, (int)(minima & 255)),
            HighOffset = -HalfPair.HighTimes(words.B, (int)(minima >> 8)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields)
    {
        float d = HalfPair.Low(words.B);
        float min = HalfPair.High(words.B);
        uint scales = words.A & 0x0F0F;
        uint minima = (words.A >> 4) & 0x0F0F;
        return new RunScale
        {
            Low = d * PackedScale.FirstByte(scales), High = d * PackedScale.SecondByte(scales),
            LowOffset = -(min * PackedScale.FirstByte(minima)), HighOffset = -(min * PackedScale.SecondByte(minima)),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 16) + (4 * (2 * (run >> 2))) + at], 0, run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => lines.Pieces(2 * (run >> 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q2_K>(quants, 2 * (run >> 2));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (2 * (part & 3))) & PackedBytes.Pairs;
}
