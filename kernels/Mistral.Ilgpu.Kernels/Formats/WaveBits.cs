using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Fields of the bytes of a pack, in the fewest instructions of GPUs whose code is OpenCL C.</summary>
internal static class WaveBits
{
    /// <summary>Shifts each word to the right. What enters a word from the left is not defined: the caller masks it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Shift(Pack words, int bits)
    {
        ulong low = ShiftPair(words.A | ((ulong)words.B << 32), bits);
        ulong high = ShiftPair(words.C | ((ulong)words.D << 32), bits);
        return new Pack
        {
            A = (uint)(low & uint.MaxValue), B = (uint)(low >> 32), C = (uint)(high & uint.MaxValue), D = (uint)(high >> 32),
        };
    }

    /// <summary>The bits of a mask that are in each word once it is shifted to the right.</summary>
    /// <param name="mask">None of what enters from the left.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Field(Pack words, int bits, uint mask)
    {
        var shifted = Shift(words, bits);
        return new Pack { A = shifted.A & mask, B = shifted.B & mask, C = shifted.C & mask, D = shifted.D & mask };
    }

    /// <summary>Such fields with upper bits, which lie in words of their own and are turned to the left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack Field(Pack lower, int bits, uint mask, Pack upper, int turned, uint upperMask)
    {
        var field = Field(lower, bits, mask);
        return new Pack
        {
            A = field.A | (PackedBytes.Rotate(upper.A, turned) & upperMask),
            B = field.B | (PackedBytes.Rotate(upper.B, turned) & upperMask),
            C = field.C | (PackedBytes.Rotate(upper.C, turned) & upperMask),
            D = field.D | (PackedBytes.Rotate(upper.D, turned) & upperMask),
        };
    }

    [Wave("result = wave_shift(pair, bits);"), IntrinsicImplementation]
    public static ulong ShiftPair(ulong pair, int bits) => pair >> bits;

    /// <summary>A run whose halves are the nibbles of the same words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Nibbled(Pack words) =>
        new() { Low = Field(words, 0, PackedBytes.Nibbles), High = Field(words, 4, PackedBytes.Nibbles) };

    /// <summary>A run of a block of five words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants FiveBits(RunWords words)
    {
        var nibbles = Nibbled(words.Low);
        uint fifth = words.UpperLow.A;
        return new RunQuants { Low = WithFifth(nibbles.Low, fifth), High = WithFifth(nibbles.High, fifth >> 16) };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack WithFifth(Pack nibbles, uint fifth) => new()
    {
        A = nibbles.A | (Spread(fifth) << 4), B = nibbles.B | (Spread(fifth >> 4) << 4),
        C = nibbles.C | (Spread(fifth >> 8) << 4), D = nibbles.D | (Spread(fifth >> 12) << 4),
    };

    /// <summary><see cref="PackedBytes.Spread"/> by a product of 24 bits, which is as fast as a sum where one of 32 bits is
    /// not.</summary>
    [Wave("result = wave_spread(bits);"), IntrinsicImplementation]
    public static uint Spread(uint bits) => PackedBytes.Spread(bits);

    /// <summary>The uneven values of a run whose halves share their words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunQuants Uneven(Pack words) => new()
    {
        Low = Uneven(words, Shift(words, 1)), High = Uneven(Shift(words, 4), Shift(words, 5)),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Uneven(Pack words, Pack halved) => new()
    {
        A = Uneven(words.A, halved.A), B = Uneven(words.B, halved.B),
        C = Uneven(words.C, halved.C), D = Uneven(words.D, halved.D),
    };

    /// <summary>The uneven values that the lower four bits of each byte choose.</summary>
    /// <param name="halved">The word shifted right by one: of each byte its bit 2 is the fourth bit.</param>
    [Wave("result = wave_uneven(word, halved);"), IntrinsicImplementation]
    public static uint Uneven(uint word, uint halved) => PackedBytes.UnevenOneByOne(word);
}
