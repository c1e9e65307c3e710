using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Eight bits and a scale: w = d q.</summary>
public readonly partial struct Q8_0 : IStripFormat
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => false;

    public static int QuantsAt => 2;

    public static int QuantBytes => 32;

    public static int ScaleWords => 1;

    public static int Bits => 8;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 1;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) =>
        (sbyte)quants[at + (half * BlockRun.Half) + i];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;
}

/// <summary>Four bits and a scale: w = d (q − 8).</summary>
public readonly partial struct Q4_0 : IStripFormat
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
}

/// <summary>Four bits, a scale and a minimum: w = d q + m.</summary>
public readonly partial struct Q4_1 : IStripFormat
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => true;

    public static int QuantsAt => 4;

    public static int QuantBytes => 16;

    public static int ScaleWords => 2;

    public static int Bits => 4;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 2;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) => Nibble.Of(quants, at + i, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at], scales[at + 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;
}

/// <summary>Five bits and a scale: w = d (q − 16). The fifth bits come first, 32 in a row.</summary>
public readonly partial struct Q5_0 : IStripFormat
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
}

/// <summary>Five bits, a scale and a minimum: w = d q + m.</summary>
public readonly partial struct Q5_1 : IStripFormat
{
    public static int BlockLength => 32;

    public static bool HalvesDiffer => false;

    public static bool HasOffsets => true;

    public static int QuantsAt => 4;

    public static int QuantBytes => 20;

    public static int ScaleWords => 2;

    public static int Bits => 5;

    public static int Bias => 0;

    public static bool IsUneven => false;

    public static int BlockFloats => 2;

    public static int RunBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quant(ArrayView<byte> quants, long at, int run, int half, int i) => FifthBit.Of(quants, at, half, i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Scale(ArrayView<ushort> scales, long at, int run) => BlockScale.Of(scales[at], scales[at + 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort BlockFloat(ArrayView<ushort> scales, long at, int index) => scales[at + index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RunByte(ArrayView<ushort> scales, long at, int run, int index) => 0;
}

/// <summary>Four bits that choose one of sixteen unevenly spaced values, and a scale.</summary>
public readonly partial struct IQ4_NL : IStripFormat
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
}

/// <summary>Scales of blocks that have one for all their weights.</summary>
internal static class BlockScale
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Of(ushort scale)
    {
        float d = Float16.Decode(scale);
        return new RunScale { Low = d, High = d };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Of(ushort scale, ushort minimum)
    {
        float d = Float16.Decode(scale);
        float m = Float16.Decode(minimum);
        return new RunScale { Low = d, High = d, LowOffset = m, HighOffset = m };
    }
}

/// <summary>Two quants in a byte: the lower bits are a weight of the first half, the upper ones of the second.</summary>
internal static class Nibble
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<byte> quants, long at, int upper) => (quants[at] >> (4 * upper)) & 15;
}

/// <summary>Four bits as in <see cref="Nibble"/>, and a fifth in 32 bits before them.</summary>
internal static class FifthBit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<byte> quants, long at, int half, int i) =>
        Nibble.Of(quants, at + 4 + i, half) | (((quants[at + (2 * half) + (i >> 3)] >> (i & 7)) & 1) << 4);
}
