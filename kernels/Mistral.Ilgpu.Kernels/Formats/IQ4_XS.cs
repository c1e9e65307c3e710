using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary><see cref="IQ4_NL"/> with six-bit scales of 32 weights.</summary>
public readonly struct IQ4_XS : IStripFormat, IPackedBits
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => false;

    public static int QuantsAt => 8;

    public static int QuantBytes => 128;

    public static int ScaleWords => 4;

    public static int Bits => 4;

    public static int Bias => 0;

    public static bool IsUneven => true;

    public static int BlockFloats => 1;

    public static int RunBytes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        UnevenValues.At(Nibble.Of(quants, at + (BlockRun.Half * run) + i, half));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run)
    {
        float scale = Float16.Decode(scales[at]) * RunByte(scales, at, run, 0);
        return new RunScale { Low = scale, High = scale };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index)
    {
        int lower = (Bytes.Of(scales, at + 2, run >> 1) >> (4 * (run & 1))) & 15;
        int upper = (scales[at + 1] >> (2 * run)) & 3;
        return (lower | (upper << 4)) - 32;
    }

    public static bool HalvesAreApart => false;

    public static int ProductsOfFour => 1;

    public static int FactorBits => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[(block * 8) + run],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Uneven(words.Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunFields Fields(int run) => RunFields.Of(run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Dots(RunWords words, RunFields fields, Pack low, Pack high) =>
        RunDots.Of<IQ4_XS>(Quants(words, fields.Run), fields, low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Unsigned(RunWords words, int run) => Quants(words, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => new()
    {
        A = scales.Cast<uint>()[block * (ScaleWords / 2)], B = scales.Cast<uint>()[(block * (ScaleWords / 2)) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(ScaleOfOnOpenCl))]
    public static RunScale ScaleOf(Pack words, int run)
    {
        uint lower = (words.B >> (4 * run)) & 15;
        uint upper = (words.A >> (16 + (2 * run))) & 3;
        float scale = HalfPair.Low(words.A) * ((int)(lower | (upper << 4)) - 32);
        return new RunScale { Low = scale, High = scale };
    }

    /// <summary>The same by a conversion of a byte, see <see cref="Q3_K.ScaleOfOnOpenCl"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOfOnOpenCl(Pack words, int run)
    {
        uint whole = ((words.B >> (4 * run)) & 15) | ((words.A >> (12 + (2 * run))) & 48);
        float scale = HalfPair.LowTimesPlus(words.A, (int)whole, HalfPair.LowTimes(words.A, -32));
        return new RunScale { Low = scale, High = scale };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleIn(Pack words, RunFields fields) => ScaleOf(words, fields.Run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        Decode(quants.Cast<uint>()[(block * 32) + (4 * run) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsIn(QuantLines lines, int run) => new() { Low = lines.Piece(run) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords WordsOfRows(uint quants, int run) => new() { Low = RunStage.PieceOfRows(quants, run) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FactorsOfRows(RunWords words, int run, int tile) => PackedBytes.UnevenOfRows(words, tile);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower).Of(part);
}
