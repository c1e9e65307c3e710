using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Five bits and a scale: w = d (q − 16). The fifth bits come first, 32 in a row.</summary>
public readonly struct Q5_0 : IStripFormat
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => false;

    public static int QuantsAt => 2;

    public static int QuantBytes => 20;

    public static int ScaleWords => 1;

    public static int Bits => 5;

    public static int Bias => 16;

    public static bool IsUneven => false;

    public static int BlockFloats => 1;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) => FifthBit.Of(quants, at, half, i) - 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;

    public static bool HalvesAreApart => false;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => FiveBits.Words(quants, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => new()
    {
        Low = PackedBytes.Minus(FiveBits.Of(words, 0), 16), High = PackedBytes.Minus(FiveBits.Of(words, 1), 16),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero), Lower = BitField.Of(FiveBits.BelowTops, 0, 1f / 8),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Value(Dp4a.Add(
            Dp4a.Add(fields.Zero, FiveBits.SignedTops(words, 0), low), FiveBits.SignedTops(words, 1), high)),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => WaveBits.FiveBits(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields) => ScaleOf(words, fields.Run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        PackedBytes.Minus(FiveBits.Of(quants, block, half, i), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => FiveBits.Words(lines);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => FiveBits.WordsOfRows<Q5_0>(quants, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) =>
        PackedBytes.Minus(FiveBits.OfRows(words, tile), 16);
}
