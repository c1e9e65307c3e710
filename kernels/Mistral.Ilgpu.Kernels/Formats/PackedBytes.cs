using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four bytes of an int at once.</summary>
internal static class PackedBytes
{
    public const uint Ones = 0x01010101;

    public const uint Pairs = 0x03030303;

    public const uint Nibbles = 0x0F0F0F0F;

    public const uint Tops = 0x80808080;

    /// <summary>Shifts by 0, 7, 14 and 21 at once.</summary>
    public const uint Spreading = 0x00204081;

    // Of each nibble.
    private const uint UpperBits = 0x88888888;

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

    // The lane's words of two of four rows, see IPackedFormat.FactorsOfRows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (uint Top, uint Bottom) RowsOf(Pack fourRows, int tile) =>
        tile == 0 ? (fourRows.A, fourRows.B) : (fourRows.C, fourRows.D);

    /// <summary>Both halves of two of four rows, where a word has both.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack BothHalves<TFormat>(RunWords words, int tile)
        where TFormat : struct, IPackedBits
    {
        var (top, bottom) = RowsOf(words.Low, tile);
        return new Pack
        {
            A = TFormat.Decode(top, 0, 0), B = TFormat.Decode(bottom, 0, 0),
            C = TFormat.Decode(top, 0, 1), D = TFormat.Decode(bottom, 0, 1),
        };
    }

    /// <summary>The same of uneven values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack UnevenOfRows(RunWords words, int tile)
    {
        var (top, bottom) = RowsOf(words.Low, tile);
        var (topValues, bottomValues) = (Uneven(top), Uneven(bottom));
        return new Pack { A = topValues.Low, B = bottomValues.Low, C = topValues.High, D = bottomValues.High };
    }

    /// <summary>
    /// The same of four bits less 8. With their upper bit turned they are signed; at the top of each byte they are sixteen times
    /// as large.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack SignedTops(RunWords words, int tile)
    {
        var (top, bottom) = RowsOf(words.Low, tile);
        (top, bottom) = (top ^ UpperBits, bottom ^ UpperBits);
        return new Pack { A = (top << 4) & ~Nibbles, B = (bottom << 4) & ~Nibbles, C = top & ~Nibbles, D = bottom & ~Nibbles };
    }

    /// <summary>Takes a number below 128 from each byte below 128: a top bit keeps each byte's borrow to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Minus(uint bytes, uint number) => ((bytes | Tops) - (number * Ones)) ^ Tops;

    /// <summary>The same of sixteen bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Minus(Pack bytes, uint number) => new()
    {
        A = Minus(bytes.A, number), B = Minus(bytes.B, number), C = Minus(bytes.C, number), D = Minus(bytes.D, number),
    };

    /// <summary>The lowest four bits, a byte each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Spread(uint bits) => ((bits & 15) * Spreading) & Ones;

    /// <summary>Turns bits to the left. Where upper bits are apart, one instruction puts them in their place.</summary>
    [Bodies(Cuda = nameof(RotateOnCuda)), Wave("result = (int)rotate((uint)value, (uint)(bits));"), IntrinsicImplementation]
    public static uint Rotate(uint value, int bits) => (value << (bits & 31)) | (value >> (-bits & 31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateOnCuda(uint value, int bits)
    {
        CudaAsm.Emit("shf.l.wrap.b32 %0, %1, %1, %2;", out uint turned, value, bits);
        return turned;
    }

    /// <summary>The uneven values of a run whose halves share their words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(UnevenOnOpenCl))]
    public static RunQuants Uneven(Pack words)
    {
        var (a, b, c, d) = (Uneven(words.A), Uneven(words.B), Uneven(words.C), Uneven(words.D));
        return new RunQuants
        {
            Low = new Pack { A = a.Low, B = b.Low, C = c.Low, D = d.Low },
            High = new Pack { A = a.High, B = b.High, C = c.High, D = d.High },
        };
    }

    /// <summary>The uneven values that the lower four bits of each byte choose, and those that the upper four choose.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(OpenCl = nameof(UnevenOnOpenCl))]
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
    public static UnevenFours UnevenOnOpenCl(uint word) =>
        new() { Low = WaveBits.Uneven(word, word >> 1), High = WaveBits.Uneven(word >> 4, word >> 5) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants UnevenOnOpenCl(Pack words) => WaveBits.Uneven(words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint UnevenOneByOne(uint word) => Uneven(word, 0) | Uneven(word, 8) | Uneven(word, 16) | Uneven(word, 24);

    // Masked, because a cast to byte of what was a signed one came out with the sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Uneven(uint word, int shift) => ((uint)UnevenValues.At((int)((word >> shift) & 15)) & 255) << shift;

    // Those of the first eight values, and of the last, that the lower three bits of four numbers choose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UnevenLow(uint numbers) =>
        Permute((uint)(UnevenValues.Lower & uint.MaxValue), (uint)(UnevenValues.Lower >> 32), numbers);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint UnevenHigh(uint numbers) =>
        Permute((uint)(UnevenValues.Upper & uint.MaxValue), (uint)(UnevenValues.Upper >> 32), numbers);

    /// <summary>
    /// On CUDA, of the bytes 0 to 3 of low and 4 to 7 of high, those that the lowest four times four bits number. A fourth bit
    /// would select signs.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Permute(uint low, uint high, uint numbers)
    {
        CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint bytes, low, high, numbers);
        return bytes;
    }
}
