using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Five bits, the fifth of them apart; scales as in <see cref="Q4_K"/>.</summary>
public readonly struct Q5_K : IStripFormat, IPackedBits
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => true;

    public static int QuantsAt => 16;

    public static int QuantBytes => 160;

    public static int ScaleWords => 8;

    public static int Bits => 5;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 2;

    public static int RunBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i)
    {
        int within = (half * BlockRun.Half) + i;
        return Nibble.Of(quants, at + 32 + (32 * (run >> 1)) + within, run & 1) | (((quants[at + within] >> run) & 1) << 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => ScaleAndMinimum.Of(scales, at, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) =>
        ScaleAndMinimum.Whole(scales, at, run, index);

    public static bool HalvesAreApart => true;

    public static int ProductsOfFour => 2;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(WordsOnCuda))]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 10) + 2 + (2 * (run >> 1))],
        High = quants.Cast<Pack>()[(block * 10) + 3 + (2 * (run >> 1))],
        UpperLow = quants.Cast<Pack>()[block * 10], UpperHigh = quants.Cast<Pack>()[(block * 10) + 1],
    };

    /// <summary>The same with one address for both halves, and the run first, so that blocks are constants away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOnCuda(ArrayView<byte> quants, long block, int run)
    {
        var pairs = quants.Cast<PackPair>();
        var (pair, upper) = (pairs.SubView(run >> 1)[(block * 5) + 1], pairs[block * 5]);
        return new RunWords { Low = pair.Low, High = pair.High, UpperLow = upper.Low, UpperHigh = upper.High };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Decode<Q5_K>(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero),
        Lower = BitField.Of(PackedBytes.Nibbles, 4 * (run & 1), 1), Upper = BitField.Of(PackedBytes.Ones, run, 16),
        Scale = ScaleFields.OfPairs(run),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Dot(fields.Zero, words.Low, words.High, low, high)
            + fields.Upper.Dot(fields.Zero, words.UpperLow, words.UpperHigh, low, high),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => new()
    {
        Low = WaveBits.Field(
            words.Low, 4 * (run & 1), PackedBytes.Nibbles, words.UpperLow, 4 - run, PackedBytes.Ones << 4),
        High = WaveBits.Field(
            words.High, 4 * (run & 1), PackedBytes.Nibbles, words.UpperHigh, 4 - run, PackedBytes.Ones << 4),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => scales.Cast<Pack>()[block];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfPairs(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields) => PackedScale.InPairs(words, fields.Scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 40) + (4 * (2 + (2 * (run >> 1)))) + at], words[(block * 40) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => lines.Pieces(2 + (2 * (run >> 1)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => RunStage.PiecesOfRows<Q5_K>(quants, 2 + (2 * (run >> 1)), 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => Quants(words, run).Half(tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(DecodeOnOpenCl))]
    public static uint Decode(uint lower, uint upper, int part) =>
        ((lower >> (4 * (part & 1))) & PackedBytes.Nibbles) | (((upper >> part) & PackedBytes.Ones) << 4);

    /// <summary>The same, with the upper bits turned into their place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint DecodeOnOpenCl(uint lower, uint upper, int part) =>
        ((lower >> (4 * (part & 1))) & PackedBytes.Nibbles) | (PackedBytes.Rotate(upper, 4 - part) & (PackedBytes.Ones << 4));
}
