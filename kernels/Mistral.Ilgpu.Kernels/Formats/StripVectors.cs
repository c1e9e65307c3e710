using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Quants and scales of a strip as vectors, see <see cref="IStripFormat"/>. <see cref="StripQuarters"/> are for
/// processors without AVX2.</summary>
internal static class StripVectors
{
    /// <summary>Bits of a weight as <see cref="ByteProducts"/> takes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<TFormat>()
        where TFormat : struct, IStripFormat => TFormat.IsUneven ? 8 : TFormat.Bits;

    /// <summary>What quants are larger by than the numbers they stand for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bias<TFormat>()
        where TFormat : struct, IStripFormat => Bits<TFormat>() == 8 ? ByteProducts.Bias : TFormat.Bias;

    /// <summary>A quad of a run's quants.</summary>
    /// <param name="run">Where its vectors start.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Quad<TFormat>(ref int run, int quad)
        where TFormat : struct, IStripFormat
    {
        int upper = quad >> 2;
        if (TFormat.Bits == 8)
        {
            return Biased(Vector(ref run, quad).AsByte());
        }

        Vector512<int> quants;
        int above = 0;
        if ((TFormat.Bits & 4) != 0)
        {
            quants = Field(Vector(ref run, quad & 3), 4 * upper, 0x0F0F0F0F);
            above = 4;
            if ((TFormat.Bits & 2) != 0)
            {
                quants |= Field(Vector(ref run, 4 + upper), 2 * (quad & 3), 0x03030303) << 4;
                above = 6;
            }
        }
        else
        {
            quants = Field(Vector(ref run, upper), 2 * (quad & 3), 0x03030303);
            above = 2;
        }

        if ((TFormat.Bits & 1) != 0)
        {
            // The vector of single bits is behind the others.
            quants |= Field(Vector(ref run, TFormat.Bits - 1), quad, 0x01010101) << above;
        }

        return TFormat.IsUneven ? Uneven(quants.AsByte()) : quants.AsByte();
    }

    /// <summary>Sixteen 16-bit floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Floats(ref ushort floats, int index) =>
        Float16.DecodeVector(ref Unsafe.Add(ref floats, index * Strip.Rows));

    /// <summary>Sixteen signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Bytes(ref sbyte bytes, int index) =>
        Vectors.ToFloats(Vector128.LoadUnsafe(ref bytes, (nuint)(index * Strip.Rows)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Vector(ref int run, int index) => Vector512.LoadUnsafe(ref run, (nuint)(index * Strip.Rows));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Field(Vector512<int> from, int shift, int mask) => (from >>> shift) & Vector512.Create(mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Biased(Vector512<byte> signed) =>
        ByteProducts.Bias == 0 ? signed : signed ^ Vector512.Create((byte)128);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Uneven(Vector512<byte> numbers)
    {
        var values = Vector128.Create(UnevenValues.Lower, UnevenValues.Upper).AsByte();
        if (ByteProducts.Bias != 0)
        {
            values ^= Vector128.Create((byte)128);
        }

        var eight = Vector256.Create(values);
        return Avx512BW.IsSupported ? Avx512BW.Shuffle(Vector512.Create(eight), numbers)
            : Vector512.Create(Avx2.Shuffle(eight, numbers.GetLower()), Avx2.Shuffle(eight, numbers.GetUpper()));
    }
}
