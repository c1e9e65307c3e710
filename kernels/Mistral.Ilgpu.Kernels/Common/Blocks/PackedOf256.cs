using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

public readonly partial struct Q2_K : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        var lower = packs[(block * 4) + (2 * (run >> 2)) + half];
        return new Pack
        {
            A = Decode(lower.A, run),
            B = Decode(lower.B, run),
            C = Decode(lower.C, run),
            D = Decode(lower.D, run),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 16) + (4 * (2 * (run >> 2))) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint lower, int run) => (lower >> (2 * (run & 3))) & PackedBytes.Pairs;
}

public readonly partial struct Q3_K : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        var lower = packs[(block * 6) + 2 + (2 * (run >> 2)) + half];
        var upper = packs[(block * 6) + half];
        return new Pack
        {
            A = Decode(lower.A, upper.A, run),
            B = Decode(lower.B, upper.B, run),
            C = Decode(lower.C, upper.C, run),
            D = Decode(lower.D, upper.D, run),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 24) + (4 * (2 + (2 * (run >> 2)))) + at], words[(block * 24) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint lower, uint upper, int run) => PackedBytes.Minus(((lower >> (2 * (run & 3))) & PackedBytes.Pairs) | (((upper >> run) & PackedBytes.Ones) << 2), 4);
}

public readonly partial struct Q4_K : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        var lower = packs[(block * 8) + (2 * (run >> 1)) + half];
        return new Pack
        {
            A = Decode(lower.A, run),
            B = Decode(lower.B, run),
            C = Decode(lower.C, run),
            D = Decode(lower.D, run),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 32) + (4 * (2 * (run >> 1))) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint lower, int run) => (lower >> (4 * (run & 1))) & PackedBytes.Nibbles;
}

public readonly partial struct Q5_K : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        var lower = packs[(block * 10) + 2 + (2 * (run >> 1)) + half];
        var upper = packs[(block * 10) + half];
        return new Pack
        {
            A = Decode(lower.A, upper.A, run),
            B = Decode(lower.B, upper.B, run),
            C = Decode(lower.C, upper.C, run),
            D = Decode(lower.D, upper.D, run),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 40) + (4 * (2 + (2 * (run >> 1)))) + at], words[(block * 40) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint lower, uint upper, int run) => ((lower >> (4 * (run & 1))) & PackedBytes.Nibbles) | (((upper >> run) & PackedBytes.Ones) << 4);
}

public readonly partial struct Q6_K : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var packs = quants.Cast<Pack>();
        var lower = packs[(block * 12) + (4 * (run >> 2)) + (2 * (run & 1)) + half];
        var upper = packs[(block * 12) + 8 + (2 * (run >> 2)) + half];
        return new Pack
        {
            A = Decode(lower.A, upper.A, run),
            B = Decode(lower.B, upper.B, run),
            C = Decode(lower.C, upper.C, run),
            D = Decode(lower.D, upper.D, run),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i)
    {
        var words = quants.Cast<uint>();
        int at = (4 * half) + i;
        return Decode(words[(block * 48) + (4 * ((4 * (run >> 2)) + (2 * (run & 1)))) + at], words[(block * 48) + (4 * (8 + (2 * (run >> 2)))) + at], run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Decode(uint lower, uint upper, int run) => PackedBytes.Minus(((lower >> (4 * ((run >> 1) & 1))) & PackedBytes.Nibbles) | (((upper >> (2 * (run & 3))) & PackedBytes.Pairs) << 4), 32);
}

public readonly partial struct IQ4_XS : IPackedFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Half(ArrayView<byte> quants, long block, int run, int half)
    {
        var both = quants.Cast<Pack>()[(block * 8) + run];
        int shift = 4 * half;
        return new Pack
        {
            A = PackedBytes.Uneven(both.A >> shift),
            B = PackedBytes.Uneven(both.B >> shift),
            C = PackedBytes.Uneven(both.C >> shift),
            D = PackedBytes.Uneven(both.D >> shift),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> quants, long block, int run, int half, int i) =>
        PackedBytes.Uneven(quants.Cast<uint>()[(block * 32) + (4 * run) + i] >> (4 * half));
}
