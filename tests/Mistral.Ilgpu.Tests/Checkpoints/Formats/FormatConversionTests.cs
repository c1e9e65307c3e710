using System.Runtime.InteropServices;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Formats;

/// <summary>Vectorized conversion against one element at a time, for every 16-bit value and every kind of 32-bit value.</summary>
public sealed class FormatConversionTests
{
    private static readonly TensorFormat[] Elements = [TensorFormat.Float32, TensorFormat.Float16, TensorFormat.BFloat16];

    public static TheoryData<TensorFormat, TensorFormat> Pairs => new(
        from source in Elements from target in Elements select (source, target));

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_EveryKindOfValue_EqualsScalar(TensorFormat from, TensorFormat to)
    {
        double largest = to switch { TensorFormat.Float32 => float.MaxValue, TensorFormat.Float16 => 65519, _ => 3.39e38 };
        CheckAll([.. Bits(from).Where(bits => Math.Abs(Decode(bits, from)) <= largest)], from, to);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_AnyLength_EqualsScalar(TensorFormat from, TensorFormat to) => Seeded.Run(50, random =>
    {
        int count = random.Next(10) == 0 ? random.Next(4090, 12300) : random.Next(70);
        CheckAll([.. Enumerable.Range(0, count).Select(_ => Nearest((random.NextDouble() * 4) - 2, from))], from, to);
    });

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Convert_NotFinite_IsFoundWhereverItIs(TensorFormat from, TensorFormat to)
    {
        foreach (uint bad in NotFinite(from))
        {
            foreach (int count in new[] { 1, 2, 15, 33, 70, 4096, 4097, 8200 })
            {
                foreach (int index in new[] { 0, 1, count / 2, count - 2, count - 1 }.Where(index => index >= 0 && index < count).Distinct())
                {
                    var bits = new uint[count];
                    bits[index] = bad;
                    Assert.True(Convert(bits, from, to).Bad == index, $"{bad:x} at {index} of {count}");
                    bits[^1] = bad;
                    Assert.True(Convert(bits, from, to).Bad == index, $"{bad:x} at {index} and the end of {count}");
                }
            }
        }
    }

    [Fact]
    public void Convert_RoundingReachesInfinity_IsFound()
    {
        Assert.Equal((-1, 0x7BFFu), First(BitConverter.SingleToUInt32Bits(65519.996f), TensorFormat.Float16));
        Assert.Equal(0, First(BitConverter.SingleToUInt32Bits(65520f), TensorFormat.Float16).Bad);
        Assert.Equal((-1, 0x7F7Fu), First(0x7F7F_7FFF, TensorFormat.BFloat16));
        Assert.Equal(0, First(0x7F7F_8000, TensorFormat.BFloat16).Bad);

        static (long Bad, uint Bits) First(uint bits, TensorFormat to)
        {
            var (converted, bad) = Convert([bits], TensorFormat.Float32, to);
            return (bad, converted[0]);
        }
    }

    private static void CheckAll(uint[] bits, TensorFormat from, TensorFormat to)
    {
        var (converted, bad) = Convert(bits, from, to);
        Assert.Equal(-1, bad);
        for (int i = 0; i < bits.Length; i++)
        {
            uint expected = from == to ? bits[i] : Nearest(Decode(bits[i], from), to);
            Assert.True(expected == converted[i], $"{bits[i]:x}: expected {expected:x}, found {converted[i]:x}");
        }
    }

    /// <summary>All 65536 of a 16-bit format; of float32 each of those with the low halves around a rounding boundary.</summary>
    private static IEnumerable<uint> Bits(TensorFormat format)
    {
        var all = Enumerable.Range(0, 1 << 16).Select(bits => (uint)bits)
            .Where(bits => format == TensorFormat.Float32 || Finite(bits, format));
        if (format != TensorFormat.Float32)
        {
            return all;
        }

        uint[] lows = [0, 1, 0x0FFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001, 0xF000, 0xFFFF];
        return all.SelectMany(high => lows.Select(low => (high << 16) | low)).Where(bits => Finite(bits, format));
    }

    private static uint[] NotFinite(TensorFormat format) => format switch
    {
        TensorFormat.Float32 => [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001, 0xFF80_0001, 0x7FFF_FFFF, 0xFFFF_FFFF],
        TensorFormat.Float16 => [0x7C00, 0xFC00, 0x7E00, 0x7C01, 0xFC01, 0x7FFF, 0xFFFF],
        _ => [0x7F80, 0xFF80, 0x7FC0, 0x7F81, 0xFF81, 0x7FFF, 0xFFFF],
    };

    private static bool Finite(uint bits, TensorFormat format) => double.IsFinite(Decode(bits, format));

    private static double Decode(uint bits, TensorFormat format) => format switch
    {
        TensorFormat.Float32 => BitConverter.UInt32BitsToSingle(bits),
        TensorFormat.Float16 => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
        _ => BitConverter.UInt32BitsToSingle(bits << 16),
    };

    /// <summary>The bits whose value is nearest; of two as near, the even ones. Found by comparing, not by shifting.</summary>
    private static uint Nearest(double value, TensorFormat format)
    {
        if (format == TensorFormat.Float32)
        {
            return BitConverter.SingleToUInt32Bits((float)value);
        }

        uint sign = double.IsNegative(value) ? 0x8000u : 0;
        double magnitude = Math.Abs(value);
        uint below = 0;
        for (uint step = 0x4000; step > 0; step >>= 1)
        {
            uint tried = below + step;
            below = Finite(tried, format) && Decode(tried, format) <= magnitude ? tried : below;
        }

        double under = magnitude - Decode(below, format);
        double over = Finite(below + 1, format) ? Decode(below + 1, format) - magnitude : double.PositiveInfinity;
        return sign | (over < under || (over == under && below % 2 == 1) ? below + 1 : below);
    }

    private static (uint[] Bits, long Bad) Convert(uint[] bits, TensorFormat from, TensorFormat to)
    {
        byte[] source = from == TensorFormat.Float32
            ? MemoryMarshal.AsBytes<uint>(bits).ToArray()
            : MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(bits, value => (ushort)value)).ToArray();
        var target = new byte[bits.Length * to.BytesPerElement()];
        long bad = FormatConversion.Convert(source, from, target, to);
        return (to == TensorFormat.Float32
            ? MemoryMarshal.Cast<byte, uint>(target).ToArray()
            : Array.ConvertAll(MemoryMarshal.Cast<byte, ushort>(target).ToArray(), value => (uint)value), bad);
    }
}
