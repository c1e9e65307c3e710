using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Formats;

public readonly partial struct Q2_K
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) =>
        QuantVectors.Bits(in quants, 32 * (run >> 2), 2 * (run & 3), 3).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales)
    {
        float d = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 8));
        float min = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 9));
        var both = ScaleVectors.Widened(in scales);
        var four = Vector256.Create(15);
        return new EightScales
        {
            Low = Vector256.ConvertToSingle(both & four) * d,
            High = Vector256.ConvertToSingle((both >>> 8) & four) * d,
            LowOffset = Vector256.ConvertToSingle((both >>> 4) & four) * -min,
            HighOffset = Vector256.ConvertToSingle(both >>> 12) * -min,
        };
    }
}

public readonly partial struct Q3_K
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run)
    {
        var lower = QuantVectors.Bits(in quants, 32 + (32 * (run >> 2)), 2 * (run & 3), 3);
        var upper = (QuantVectors.Bits(in quants, 0, run, 1).AsUInt16() << 2).AsByte();
        return (lower | upper).AsSByte() - Vector256.Create((sbyte)4);
    }

    /// <summary>See <see cref="SixBits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales)
    {
        ref byte bytes = ref Unsafe.As<ushort, byte>(ref Unsafe.AsRef(in scales));
        ulong lower = Unsafe.ReadUnaligned<ulong>(ref bytes);
        uint upper = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 8));
        const ulong Nibbles = 0x0F0F0F0F0F0F0F0F;
        const uint Pairs = 0x03030303;
        ulong first = (lower & Nibbles) | (((ulong)(upper & Pairs) | ((ulong)((upper >> 2) & Pairs) << 32)) << 4);
        ulong second = ((lower >> 4) & Nibbles) | (((ulong)((upper >> 4) & Pairs) | ((ulong)((upper >> 6) & Pairs) << 32)) << 4);
        var words = Vector128.Create(first, second).AsInt16();
        var (a, b) = Vector128.Widen(words);
        var both = Vector256.Create(a, b);
        var half = Vector256.Create(32);
        float d = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 6));
        return new EightScales
        {
            Low = Vector256.ConvertToSingle((both & Vector256.Create(255)) - half) * d,
            High = Vector256.ConvertToSingle((both >>> 8) - half) * d,
        };
    }
}

public readonly partial struct Q4_K
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) =>
        QuantVectors.Bits(in quants, 32 * (run >> 1), 4 * (run & 1), 15).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleAndMinimumVectors.Of(in scales);
}

public readonly partial struct Q5_K
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run)
    {
        var lower = QuantVectors.Bits(in quants, 32 + (32 * (run >> 1)), 4 * (run & 1), 15);
        var upper = (QuantVectors.Bits(in quants, 0, run, 1).AsUInt16() << 4).AsByte();
        return (lower | upper).AsSByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleAndMinimumVectors.Of(in scales);
}

public readonly partial struct Q6_K
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run)
    {
        var lower = QuantVectors.Bits(in quants, (64 * (run >> 2)) + (32 * (run & 1)), 4 * ((run >> 1) & 1), 15);
        var upper = (QuantVectors.Bits(in quants, 128 + (32 * (run >> 2)), 2 * (run & 3), 3).AsUInt16() << 4).AsByte();
        return (lower | upper).AsSByte() - Vector256.Create((sbyte)32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales)
    {
        float d = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 8));
        var both = ScaleVectors.Widened(in scales);
        return new EightScales
        {
            Low = Vector256.ConvertToSingle((both << 24) >> 24) * d,
            High = Vector256.ConvertToSingle((both << 16) >> 24) * d,
        };
    }
}

public readonly partial struct IQ4_XS
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) =>
        QuantVectors.Uneven(ref Unsafe.Add(ref Unsafe.AsRef(in quants), BlockRun.Half * run));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales)
    {
        float d = Float16.Decode(scales);
        int upper = Unsafe.Add(ref Unsafe.AsRef(in scales), 1);
        uint lower = Unsafe.ReadUnaligned<uint>(ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref Unsafe.AsRef(in scales), 2)));
        ulong nibbles = 0;
        for (int run = 0; run < 8; run++)
        {
            ulong scale = ((lower >> (4 * run)) & 15) | (uint)(((upper >> (2 * run)) & 3) << 4);
            nibbles |= scale << (8 * run);
        }

        return new EightScales { Low = Vector256.ConvertToSingle(ScaleVectors.Widened(nibbles) - Vector256.Create(32)) * d };
    }
}

/// <summary><see cref="ScaleAndMinimum"/> of eight runs.</summary>
internal static class ScaleAndMinimumVectors
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales Of(ref readonly ushort scales)
    {
        ref byte bytes = ref Unsafe.As<ushort, byte>(ref Unsafe.AsRef(in scales));
        uint first = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 4));
        uint second = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 8));
        uint third = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 12));
        const uint Six = 0x3F3F3F3F;
        const uint Four = 0x0F0F0F0F;
        const uint UpperTwo = 0x30303030;
        ulong scale = (first & Six) | ((ulong)((third & Four) | ((first >> 2) & UpperTwo)) << 32);
        ulong minimum = (second & Six) | ((ulong)(((third >> 4) & Four) | ((second >> 2) & UpperTwo)) << 32);
        float d = Float16.Decode(scales);
        float min = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 1));
        var offsets = Vector256.ConvertToSingle(ScaleVectors.Widened(minimum)) * -min;
        return new EightScales { Low = Vector256.ConvertToSingle(ScaleVectors.Widened(scale)) * d, LowOffset = offsets, HighOffset = offsets };
    }
}
