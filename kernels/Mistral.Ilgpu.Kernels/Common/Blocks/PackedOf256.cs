using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

public readonly partial struct Q2_K : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) =>
        PackedBytes.Decode<Q2_K>(quants.Cast<Pack>()[(block * 4) + (2 * (run >> 2)) + half], default, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 16) + (4 * (2 * (run >> 2))) + at], 0, run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (2 * (part & 3))) & PackedBytes.Pairs;
}

public readonly partial struct Q3_K : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        return PackedBytes.Decode<Q3_K>(packs[(block * 6) + 2 + (2 * (run >> 2)) + half], packs[(block * 6) + half], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 24) + (4 * (2 + (2 * (run >> 2)))) + at], words[(block * 24) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Minus(((lower >> (2 * (part & 3))) & PackedBytes.Pairs) | (((upper >> part) & PackedBytes.Ones) << 2), 4);
}

public readonly partial struct Q4_K : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) =>
        PackedBytes.Decode<Q4_K>(quants.Cast<Pack>()[(block * 8) + (2 * (run >> 1)) + half], default, run);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 32) + (4 * (2 * (run >> 1))) + at], 0, run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => (lower >> (4 * (part & 1))) & PackedBytes.Nibbles;
}

public readonly partial struct Q5_K : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        return PackedBytes.Decode<Q5_K>(packs[(block * 10) + 2 + (2 * (run >> 1)) + half], packs[(block * 10) + half], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 40) + (4 * (2 + (2 * (run >> 1)))) + at], words[(block * 40) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => ((lower >> (4 * (part & 1))) & PackedBytes.Nibbles) | (((upper >> part) & PackedBytes.Ones) << 4);
}

public readonly partial struct Q6_K : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        return PackedBytes.Decode<Q6_K>(packs[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1)) + half], packs[(block * 12) + 8 + (2 * (run >> 2)) + half], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 48) + (4 * ((4 * (run >> 2)) + (2 * (run & 1)))) + at], words[(block * 48) + (4 * (8 + (2 * (run >> 2)))) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Minus(((lower >> (4 * ((part >> 1) & 1))) & PackedBytes.Nibbles) | (((upper >> (2 * (part & 3))) & PackedBytes.Pairs) << 4), 32);
}

public readonly partial struct IQ4_XS : IPackedBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half) =>
        PackedBytes.Decode<IQ4_XS>(quants.Cast<Pack>()[(block * 8) + run], default, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        Decode(quants.Cast<uint>()[(block * 32) + (4 * run) + i], 0, half);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Decode(uint lower, uint upper, int part) => PackedBytes.Uneven(lower >> (4 * part));
}
