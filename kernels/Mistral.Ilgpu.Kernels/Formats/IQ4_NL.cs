using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four bits that choose one of sixteen unevenly spaced values, and a scale.</summary>
public readonly struct IQ4_NL : IStripFormat, IPackedBits
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => false;

    public static int QuantsAt => 2;

    public static int QuantBytes => 16;

    public static int ScaleWords => 1;

    public static int Bits => 4;

    public static int Bias => 0;

    public static bool IsUneven => true;

    public static int BlockFloats => 1;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        UnevenValues.At(Nibble.Of(quants, at + i, half));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;

    public static bool HalvesAreApart => false;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new() { Low = quants.Cast<Pack>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Uneven(words.Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => RunFields.Of(run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) =>
        RunDots.Of<IQ4_NL>(Quants(words, fields.Run), fields, low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => Quants(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields) => ScaleOf(words, fields.Run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        Decode(quants.Cast<uint>()[(block * 4) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => new() { Low = lines.Piece(0) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => new() { Low = RunStage.PieceOfRows(quants, run) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => PackedBytes.UnevenOfRows(words, tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower).Of(part);
}
