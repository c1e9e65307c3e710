using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

public readonly partial struct Q8_0
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) => Vector256.LoadUnsafe(in quants).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfHalves(in scales);
}

public readonly partial struct Q4_0
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) =>
        QuantVectors.Nibbles(in quants).AsSByte() - Vector256.Create((sbyte)8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfHalves(in scales);
}

public readonly partial struct Q4_1
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) => QuantVectors.Nibbles(in quants).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfPairs(in scales);
}

public readonly partial struct Q5_0
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) =>
        QuantVectors.FiveBits(in quants).AsSByte() - Vector256.Create((sbyte)16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfHalves(in scales);
}

public readonly partial struct Q5_1
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) => QuantVectors.FiveBits(in quants).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfPairs(in scales);
}

public readonly partial struct IQ4_NL
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> RunOf(ref readonly byte quants, int run) => QuantVectors.Uneven(in quants);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales ScalesOf(ref readonly ushort scales) => ScaleVectors.OfHalves(in scales);
}

/// <summary>Quants of runs as vectors.</summary>
internal static class QuantVectors
{
    /// <summary>See <see cref="Nibble"/>: the lower bits of 16 bytes, then their upper ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Nibbles(ref readonly byte quants)
    {
        var bytes = Vector128.LoadUnsafe(in quants);
        return Vector256.Create(bytes, (bytes.AsUInt16() >>> 4).AsByte()) & Vector256.Create((byte)15);
    }

    /// <summary>See <see cref="FifthBit"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FiveBits(ref readonly byte quants)
    {
        uint fifth = Unsafe.ReadUnaligned<uint>(in quants);
        var bytes = Vector256.Shuffle(
            Vector256.Create(fifth).AsByte(),
            Vector256.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 18, 18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19, 19, 19));
        var bit = Vector256.Create(0x8040201008040201).AsByte();
        var isSet = Vector256.Equals(bytes & bit, bit);
        return Nibbles(ref Unsafe.Add(ref Unsafe.AsRef(in quants), 4)) | (isSet & Vector256.Create((byte)16));
    }

    /// <summary>See <see cref="UnevenValues"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Uneven(ref readonly byte quants)
    {
        var values = Vector128.Create(UnevenValues.Lower, UnevenValues.Upper).AsByte();
        var nibbles = Nibbles(in quants);
        return Vector256.Create(Vector128.ShuffleNative(values, nibbles.GetLower()), Vector128.ShuffleNative(values, nibbles.GetUpper())).AsSByte();
    }

    /// <summary>32 bytes, each shifted down and masked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Bits(ref readonly byte quants, int at, int shift, byte mask) =>
        (Vector256.LoadUnsafe(in quants, (nuint)at).AsUInt16() >>> shift).AsByte() & Vector256.Create(mask);
}

/// <summary>Scales as vectors.</summary>
internal static class ScaleVectors
{
    /// <summary>One half for each of eight runs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales OfHalves(ref readonly ushort scales) => new() { Low = Halves(Widened(in scales)) };

    /// <summary>Two halves for each of eight runs, scale and offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales OfPairs(ref readonly ushort scales)
    {
        var pairs = Vector256.LoadUnsafe(in scales).AsInt32();
        var offsets = Halves(pairs >>> 16);
        return new EightScales { Low = Halves(pairs), LowOffset = offsets, HighOffset = offsets };
    }

    /// <summary>Eight words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Widened(ref readonly ushort words)
    {
        var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(in words));
        return Vector256.Create(low, high).AsInt32();
    }

    /// <summary>The first eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Widened(ulong bytes)
    {
        var (low, high) = Vector128.Widen(Vector128.WidenLower(Vector128.CreateScalar(bytes).AsByte()));
        return Vector256.Create(low, high).AsInt32();
    }

    // As Float16.DecodeLane: of each the lower 16 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(Vector256<int> bits) =>
        (((bits << 16) >> 3) & Vector256.Create(unchecked((int)0x8FFFE000))).AsSingle() * 5.192296858534828e33f;
}
