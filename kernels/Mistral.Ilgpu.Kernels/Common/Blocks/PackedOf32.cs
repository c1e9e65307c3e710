using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels;

public readonly partial struct Q8_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => new()
    {
        Low = quants.Cast<Pack>()[block * 2], High = quants.Cast<Pack>()[(block * 2) + 1],
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => new() { Low = words.Low, High = words.High };

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
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.DecodeHalves<Q4_0>(words.Low);

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
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.DecodeHalves<Q4_1>(words.Low);

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
    public static RunQuants Quants(RunWords words, int run) => PackedBytes.Uneven(words.Low);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack ScaleWordsOf(ArrayView<ushort> scales, long block, int run) => PackedScale.One(scales, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale ScaleOf(Pack words, int run) => PackedScale.OfOne(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower).Of(part);
}

public readonly partial struct Q5_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunWords Words(ArrayView<byte> quants, long block, int run) => PackedBytes.FiveWords(quants, block);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Quants(RunWords words, int run) => new()
    {
        Low = PackedBytes.Minus(PackedBytes.FiveBits(words, 0), 16), High = PackedBytes.Minus(PackedBytes.FiveBits(words, 1), 16),
    };

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
    public static RunQuants Quants(RunWords words, int run) => new()
    {
        Low = PackedBytes.FiveBits(words, 0), High = PackedBytes.FiveBits(words, 1),
    };

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

    /// <summary>A run whose halves have words of their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Decode<TFormat>(RunWords words, int run)
        where TFormat : struct, IPackedBits => new()
        {
            Low = Decode<TFormat>(words.Low, words.UpperLow, run), High = Decode<TFormat>(words.High, words.UpperHigh, run),
        };

    /// <summary>A run whose halves share their words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants DecodeHalves<TFormat>(Pack words)
        where TFormat : struct, IPackedBits => new()
        {
            Low = Decode<TFormat>(words, default, 0), High = Decode<TFormat>(words, default, 1),
        };

    // Sixteen quants.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Decode<TFormat>(Pack lower, Pack upper, int part)
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

    /// <summary>The uneven values of a run whose halves share their words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Uneven(Pack words)
    {
        var (a, b, c, d) = (Uneven(words.A), Uneven(words.B), Uneven(words.C), Uneven(words.D));
        return new RunQuants
        {
            Low = new Pack { A = a.Low, B = b.Low, C = c.Low, D = d.Low }, High = new Pack { A = a.High, B = b.High, C = c.High, D = d.High },
        };
    }

    /// <summary>The uneven values that the lower four bits of each byte choose, and those that the upper four choose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UnevenFours Uneven(uint word)
    {
        if (CudaAsm.IsSupported)
        {
            // In the order of their bits, four at a time, and then every other one.
            uint three = word & 0x77777777;
            uint fourth = ((word & 0x88888888) >> 1) | 0x32103210;
            uint first = Permute(UnevenLow(three), UnevenHigh(three), fourth);
            uint second = Permute(UnevenLow(three >> 16), UnevenHigh(three >> 16), fourth >> 16);
            return new UnevenFours { Low = Permute(first, second, 0x6420), High = Permute(first, second, 0x7531) };
        }

        return new UnevenFours { Low = UnevenOneByOne(word), High = UnevenOneByOne(word >> 4) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UnevenOneByOne(uint word) => Uneven(word, 0) | Uneven(word, 8) | Uneven(word, 16) | Uneven(word, 24);

    // Masked, because a cast to byte of what was a signed one came out with the sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Uneven(uint word, int shift) => ((uint)UnevenValues.At((int)((word >> shift) & 15)) & 255) << shift;

    // Those of the first eight values, and of the last, that the lower three bits of four numbers choose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UnevenLow(uint numbers) => Permute((uint)(UnevenValues.Lower & uint.MaxValue), (uint)(UnevenValues.Lower >> 32), numbers);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UnevenHigh(uint numbers) => Permute((uint)(UnevenValues.Upper & uint.MaxValue), (uint)(UnevenValues.Upper >> 32), numbers);

    // Of the bytes 0 to 3 of low and 4 to 7 of high those that the lowest four times four bits number; a fourth bit would ask for signs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Permute(uint low, uint high, uint numbers)
    {
        CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint bytes, low, high, numbers);
        return bytes;
    }
}

/// <summary>Four quants of each half of a run.</summary>
internal struct UnevenFours
{
    public uint Low, High;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly uint Of(int half) => half == 0 ? Low : High;
}
