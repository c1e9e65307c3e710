using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

public readonly partial struct Q8_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) => quants.Cast<Pack>()[(block * 2) + half];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => quants.Cast<uint>()[(block * 8) + (half * 4) + i];
}

public readonly partial struct Q4_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var both = quants.Cast<Pack>()[block];
        int shift = 4 * half;
        return new Pack { A = Decode(both.A >> shift), B = Decode(both.B >> shift), C = Decode(both.C >> shift), D = Decode(both.D >> shift) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i] >> (4 * half));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint word) => PackedBytes.Minus(word & PackedBytes.Nibbles, 8);
}

public readonly partial struct Q4_1 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var both = quants.Cast<Pack>()[block];
        int shift = 4 * half;
        return new Pack { A = Decode(both.A >> shift), B = Decode(both.B >> shift), C = Decode(both.C >> shift), D = Decode(both.D >> shift) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i] >> (4 * half));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint word) => word & PackedBytes.Nibbles;
}

public readonly partial struct IQ4_NL : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var both = quants.Cast<Pack>()[block];
        int shift = 4 * half;
        return new Pack { A = Decode(both.A >> shift), B = Decode(both.B >> shift), C = Decode(both.C >> shift), D = Decode(both.D >> shift) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) => Decode(quants.Cast<uint>()[(block * 4) + i] >> (4 * half));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint word) => PackedBytes.Uneven(word);
}

public readonly partial struct Q5_0 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) => new()
    {
        A = Four(quants, block, run, half, 0), B = Four(quants, block, run, half, 1),
        C = Four(quants, block, run, half, 2), D = Four(quants, block, run, half, 3),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        uint lower = (words[at + 1 + i] >> (4 * half)) & PackedBytes.Nibbles;
        return PackedBytes.Minus(lower | (PackedBytes.Spread(words[at] >> ((16 * half) + (4 * i))) << 4), 16);
    }
}

public readonly partial struct Q5_1 : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) => new()
    {
        A = Four(quants, block, run, half, 0), B = Four(quants, block, run, half, 1),
        C = Four(quants, block, run, half, 2), D = Four(quants, block, run, half, 3),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        long at = block * 5;
        uint lower = (words[at + 1 + i] >> (4 * half)) & PackedBytes.Nibbles;
        return lower | (PackedBytes.Spread(words[at] >> ((16 * half) + (4 * i))) << 4);
    }
}

/// <summary>Four bytes of an int at once.</summary>
internal static class PackedBytes
{
    public const uint Ones = 0x01010101;

    public const uint Pairs = 0x03030303;

    public const uint Nibbles = 0x0F0F0F0F;

    private const uint Tops = 0x80808080;

    /// <summary>Takes a number below 128 from each byte below 128: a top bit keeps each byte's borrow to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Minus(uint bytes, uint number) => ((bytes | Tops) - (number * Ones)) ^ Tops;

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
