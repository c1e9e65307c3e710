using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

public readonly partial struct Q8_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[block * 2], High = quants.Cast<Pack>()[(block * 2) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => half == 0 ? words.Low : words.High;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => quants.Cast<uint>()[(block * 8) + (half * 4) + i];
}

public readonly partial struct Q4_0 : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new() { Low = quants.Cast<Pack>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => PackedBytes.Decode<Q4_0>(words.Low, default, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Minus((lower >> (4 * part)) & PackedBytes.Nibbles, 8);
}

public readonly partial struct Q4_1 : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new() { Low = quants.Cast<Pack>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => PackedBytes.Decode<Q4_1>(words.Low, default, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.Two(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfTwo(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (4 * part)) & PackedBytes.Nibbles;
}

public readonly partial struct IQ4_NL : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new() { Low = quants.Cast<Pack>()[block] };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => PackedBytes.Decode<IQ4_NL>(words.Low, default, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower >> (4 * part));
}

public readonly partial struct Q5_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => PackedBytes.FiveWords(quants, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => PackedBytes.Minus(PackedBytes.FiveBits(words, half), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => PackedBytes.Minus(PackedBytes.FiveBits(quants, block, half, i), 16);
}

public readonly partial struct Q5_1 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => PackedBytes.FiveWords(quants, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(RunWords words, int run, int half) => PackedBytes.FiveBits(words, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.Two(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfTwo(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => PackedBytes.FiveBits(quants, block, half, i);
}

/// <summary>Four bytes of an int at once.</summary>
internal static class PackedBytes
{
    public const uint Ones = 0x01010101;

    public const uint Pairs = 0x03030303;

    public const uint Nibbles = 0x0F0F0F0F;

    private const uint Tops = 0x80808080;

    /// <summary>Sixteen quants at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Decode<TFormat>(Pack lower, Pack upper, int part)
        where TFormat : struct, IPackedBits => new()
        {
            A = TFormat.Decode(lower.A, upper.A, part),
            B = TFormat.Decode(lower.B, upper.B, part),
            C = TFormat.Decode(lower.C, upper.C, part),
            D = TFormat.Decode(lower.D, upper.D, part),
        };

    /// <summary>A block of five words, the first of which has the fifth bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords FiveWords(ArrayView<byte> quants, long block)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        return new RunWords
        {
            Low = new Pack { A = words[at + 1], B = words[at + 2], C = words[at + 3], D = words[at + 4] }, UpperLow = new Pack { A = words[at] },
        };
    }

    /// <summary>Half a run of such a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack FiveBits(RunWords words, int half)
    {
        uint fifth = words.UpperLow.A >> (16 * half);
        return new Pack
        {
            A = FiveBits(words.Low.A, fifth, half), B = FiveBits(words.Low.B, fifth >> 4, half),
            C = FiveBits(words.Low.C, fifth >> 8, half), D = FiveBits(words.Low.D, fifth >> 12, half),
        };
    }

    /// <summary>See <see cref="FifthBit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FiveBits(ArrayView<byte> quants, long block, int half, int i)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        return FiveBits(words[at + 1 + i], words[at] >> ((16 * half) + (4 * i)), half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint FiveBits(uint lower, uint fifth, int half) => ((lower >> (4 * half)) & Nibbles) | (Spread(fifth) << 4);

    /// <summary>Takes a number below 128 from each byte below 128: a top bit keeps each byte's borrow to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Minus(uint bytes, uint number) => ((bytes | Tops) - (number * Ones)) ^ Tops;

    /// <summary>The same of sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Minus(Pack bytes, uint number) => new()
    {
        A = Minus(bytes.A, number), B = Minus(bytes.B, number), C = Minus(bytes.C, number), D = Minus(bytes.D, number),
    };

    /// <summary>The lowest four bits, a byte each: shifts by 0, 7, 14 and 21 at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Spread(uint bits) => ((bits & 15) * 0x00204081) & Ones;

    /// <summary>The uneven values that the lower four bits of each byte choose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Uneven(uint word) => Uneven(word, 0) | Uneven(word, 8) | Uneven(word, 16) | Uneven(word, 24);

    // Masked, because a cast to byte of what was a signed one came out with the sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Uneven(uint word, int shift) => ((uint)UnevenValues.At((int)((word >> shift) & 15)) & 255) << shift;
}
