using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four bits and a scale: w = d (q − 8).</summary>
public readonly struct Q4_0 : IStripFormat, IPackedBits
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => false;

    public static int QuantsAt => 2;

    public static int QuantBytes => 16;

    public static int ScaleWords => 1;

    public static int Bits => 4;

    public static int Bias => 8;

    public static bool IsUneven => false;

    public static int BlockFloats => 1;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        Nibble.Of(quants, at + i, half) - 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;

    public static bool HalvesAreApart => false;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new() { Low = quants.Cast<Pack>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.DecodeHalves<Q4_0>(words.Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => new()
    {
        Run = run, Zero = Hoisted.Of(WholeFloat.Zero), Lower = BitField.Of(~PackedBytes.Nibbles, 0, 1f / 16),
        Tops = Hoisted.Of(PackedBytes.Tops),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) => new()
    {
        Low = fields.Lower.Value(Dp4a.Add(
            Dp4a.Add(fields.Zero, SignedTops(words.Low, 4, fields), low), SignedTops(words.Low, 0, fields), high)),
    };

    // At the top of each byte, with their upper bit turned, four bits less 8 are signed numbers sixteen times as large.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack SignedTops(Pack words, int up, RunFields fields) => new()
    {
        A = ((words.A << up) & fields.Lower.Mask) ^ fields.Tops, B = ((words.B << up) & fields.Lower.Mask) ^ fields.Tops,
        C = ((words.C << up) & fields.Lower.Mask) ^ fields.Tops, D = ((words.D << up) & fields.Lower.Mask) ^ fields.Tops,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => WaveBits.Nibbled(words.Low);

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
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => PackedBytes.SignedTops(words, tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) =>
        PackedBytes.Minus((lower >> (4 * part)) & PackedBytes.Nibbles, 8);
}
