using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Two bits; four-bit scales and minima of 16 weights: w = d s q − dmin m.</summary>
public readonly partial struct Q2_K : IStripFormat
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
}

/// <summary>Three bits, the third of them apart; six-bit scales of 16 weights: w = d (s − 32) (q − 4).</summary>
public readonly partial struct Q3_K : IStripFormat
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
}

/// <summary>Four bits; six-bit scales and minima of 32 weights: w = d s q − dmin m.</summary>
public readonly partial struct Q4_K : IStripFormat
{
    public static int BlockLength => 256;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => true;

    public static int QuantsAt => 16;

    public static int QuantBytes => 128;

    public static int ScaleWords => 8;

    public static int Bits => 4;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 2;

    public static int RunBytes => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        Nibble.Of(quants, at + (32 * (run >> 1)) + (half * BlockRun.Half) + i, run & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => ScaleAndMinimum.Of(scales, at, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) =>
        ScaleAndMinimum.Whole(scales, at, run, index);
}

/// <summary>Five bits, the fifth of them apart; scales as in <see cref="Q4_K"/>.</summary>
public readonly partial struct Q5_K : IStripFormat
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
}

/// <summary>Six bits, four and two of them; eight-bit scales of 16 weights: w = d s (q − 32).</summary>
public readonly partial struct Q6_K : IStripFormat
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
}

/// <summary><see cref="IQ4_NL"/> with six-bit scales of 32 weights.</summary>
public readonly partial struct IQ4_XS : IStripFormat
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
}
