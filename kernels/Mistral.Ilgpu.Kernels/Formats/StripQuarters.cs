using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary><see cref="StripVectors"/> of four rows of a strip, for processors whose registers have 128 bits.</summary>
internal static class StripQuarters
{
    /// <summary>What quants are larger by than the numbers they stand for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bias<TFormat>()
        where TFormat : struct, IStripFormat => StripVectors.Bits<TFormat>() == 8 ? 0 : TFormat.Bias;

    /// <summary>A quad of a run's quants.</summary>
    /// <param name="run">Where its vectors start, in the first of the four rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> Quad<TFormat>(ref int run, int quad)
        where TFormat : struct, IStripFormat
    {
        int upper = quad >> 2;
        if (TFormat.Bits == 8)
        {
            return Vector(ref run, quad).AsSByte();
        }

        Vector128<int> quants;
        int above = 2;
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
        }

        if ((TFormat.Bits & 1) != 0)
        {
            // The vector of single bits is behind the others.
            quants |= Field(Vector(ref run, TFormat.Bits - 1), quad, 0x01010101) << above;
        }

        return TFormat.IsUneven
            ? Vector128.Shuffle(Vector128.Create(UnevenValues.Lower, UnevenValues.Upper).AsSByte(), quants.AsSByte())
            : quants.AsSByte();
    }

    /// <summary>Four signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Bytes(ref sbyte bytes, int index)
    {
        int four = Unsafe.ReadUnaligned<int>(ref Unsafe.As<sbyte, byte>(ref Unsafe.Add(ref bytes, index * Strip.Rows)));
        return Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalar(four).AsSByte())));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Vector(ref int run, int index) => Vector128.LoadUnsafe(ref run, (nuint)(index * Strip.Rows));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Field(Vector128<int> from, int shift, int mask) => (from >>> shift) & Vector128.Create(mask);
}
