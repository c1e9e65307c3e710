using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

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
            Vector256.Create(
                (byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,
                18, 18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19, 19, 19));
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
        return Vector256.Create(
            Vector128.ShuffleNative(values, nibbles.GetLower()), Vector128.ShuffleNative(values, nibbles.GetUpper())).AsSByte();
    }

    /// <summary>32 bytes, each shifted down and masked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Bits(ref readonly byte quants, int at, int shift, byte mask) =>
        (Vector256.LoadUnsafe(in quants, (nuint)at).AsUInt16() >>> shift).AsByte() & Vector256.Create(mask);
}
