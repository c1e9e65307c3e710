using System.Runtime.Intrinsics;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class WeightFormatTests
{
    public static TheoryData<string> Devices => TestDevice.All;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Float16_EveryFiniteBitPattern_DecodesAsHalf(string name)
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(b => System.Half.IsFinite(BitConverter.UInt16BitsToHalf(b)))];
        float[] expected = [.. bits.Select(b => (float)BitConverter.UInt16BitsToHalf(b))];
        Assert.Equal(expected, Decode<Float16, ushort>(name, bits));
        // Forms for GPUs do not decode so, and some of those have no subnormal floats.
        if (!TestDevice.Get(name).Info.IsGpu)
        {
            Assert.Equal(expected, DecodeLanes<Float16, ushort>(name, bits));
        }
    }

    [Fact]
    public void DecodeVector_EveryFiniteHalf_AreAsDecoded()
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(b => System.Half.IsFinite(BitConverter.UInt16BitsToHalf(b)))];
        Assert.Equal(0, bits.Length % Vector512<float>.Count);
        for (int i = 0; i < bits.Length; i += Vector512<float>.Count)
        {
            var (halves, uppers) = (Float16.DecodeVector(ref bits[i]), BFloat16.DecodeVector(ref bits[i]));
            for (int lane = 0; lane < Vector512<float>.Count; lane++)
            {
                Assert.Equal((Float16.Decode(bits[i + lane]), BFloat16.Decode(bits[i + lane])), (halves[lane], uppers[lane]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void BFloat16_EveryFiniteBitPattern_DecodesAsUpperHalfOfFloat(string name)
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(b => float.IsFinite(Upper(b)))];
        Assert.Equal([.. bits.Select(Upper)], Decode<BFloat16, ushort>(name, bits));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Float16_AnyFloat_EncodesAsHalf(string name)
    {
        float[] values = EncodingCases();
        ushort[] expected = [.. values.Select(v => BitConverter.HalfToUInt16Bits((System.Half)v))];
        Assert.Equal(expected, Encode<Float16, ushort>(name, values));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void BFloat16_AnyFloat_EncodesToNearestEven(string name)
    {
        float[] values = [.. EncodingCases().Where(v => MathF.Abs(v) < 3e38f)];
        ushort[] expected = [.. values.Select(NearestBFloat16)];
        Assert.Equal(expected, Encode<BFloat16, ushort>(name, values));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Float8_EveryFiniteBitPattern_DecodesAsDefined(string name)
    {
        byte[] bits = FiniteFloat8;
        float[] expected = [.. bits.Select(ValueOfFloat8)];
        Assert.Equal(expected, Decode<Float8, byte>(name, bits));
        if (!TestDevice.Get(name).Info.IsGpu)
        {
            Assert.Equal(expected, DecodeLanes<Float8, byte>(name, bits));
        }
    }

    [Fact]
    public void Float8_VectorsOfBytes_AreAsDefined()
    {
        byte[] bits = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        for (int i = 0; i < bits.Length; i += Vector512<float>.Count)
        {
            var values = Float8.DecodeVector(ref bits[i]);
            for (int lane = 0; lane < Vector512<float>.Count; lane++)
            {
                Assert.Equal(Float8.Decode(bits[i + lane]), values[lane]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Float8_AnyFloat_EncodesToNearestEven(string name)
    {
        float[] finite = [.. FiniteFloat8.Select(ValueOfFloat8).Distinct().Order()];
        float[] halfway = [.. finite.Zip(finite.Skip(1), (below, above) => (below + above) / 2)];
        float[] values =
        [
            .. finite, .. halfway, .. halfway.Select(MathF.BitIncrement), .. halfway.Select(MathF.BitDecrement), -0f, 1e30f, -1e30f, 449, 1e-20f,
            float.PositiveInfinity, .. new RandomData().Floats(2000), .. new RandomData().Floats(2000, 1e-2f),
        ];
        byte[] expected = [.. values.Select(NearestFloat8)];
        Assert.Equal(expected, Encode<Float8, byte>(name, values));
    }

    private static byte[] FiniteFloat8 => [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(bits => (bits & 0x7F) != 0x7F)];

    // Sign, exponent and mantissa, as the paper has them.
    private static float ValueOfFloat8(byte bits)
    {
        int exponent = (bits >> 3) & 15;
        double magnitude = exponent == 0 ? (bits & 7) * Math.Pow(2, -9) : (1 + ((bits & 7) / 8.0)) * Math.Pow(2, exponent - 7);
        return (float)(bits >= 128 ? -magnitude : magnitude);
    }

    // The nearest of all, and of two that are as near the one whose last bit is zero.
    private static byte NearestFloat8(float value) => FiniteFloat8
        .Where(bits => (bits >= 128) == float.IsNegative(value))
        .OrderBy(bits => Math.Abs(Math.Min(Math.Abs((double)value), 448) - Math.Abs((double)ValueOfFloat8(bits))))
            .ThenBy(bits => bits & 1).First();

    private static float Upper(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    // Halfway between two neighbours the even one wins; found by comparing distances, not by bit tricks.
    private static ushort NearestBFloat16(float value)
    {
        ushort down = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
        ushort up = (ushort)(down + 1);
        double below = Math.Abs((double)value - Upper(down));
        double above = Math.Abs((double)Upper(up) - value);
        return below < above || (below == above && down % 2 == 0) ? down : up;
    }

    private static float[] EncodingCases()
    {
        var data = new RandomData();
        return
        [
            0, -0f, 1, -1, 65504, 65519.99f, 65520, -65520, 1e30f, 5.9604645e-8f, 2.9802322e-8f, 2.98023224e-8f * 1.5f, 6.1035156e-5f,
            6.097555e-5f, 1 + (1 / 2048f), 1 + (3 / 2048f), 1 + (1 / 256f), 1 + (3 / 256f), float.PositiveInfinity,
            .. data.Floats(2000), .. data.Floats(2000, 1e-4f), .. data.Floats(2000, 6e-8f), .. data.Floats(500, 7e4f),
        ];
    }

    private static float[] Decode<TFormat, TElement>(string name, TElement[] bits)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<float>(bits.Length);
        device.Launch(new KernelConfig(1, 2), new DecodeAll<TFormat, TElement>(device.Upload(bits), output));
        return device.Download(output);
    }

    private static float[] DecodeLanes<TFormat, TElement>(string name, TElement[] bits)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<float>(bits.Length);
        device.Launch(new KernelConfig(1, 2), new DecodeAllLanes<TFormat, TElement>(device.Upload(bits), output));
        return device.Download(output);
    }

    private static TElement[] Encode<TFormat, TElement>(string name, float[] values)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<TElement>(values.Length);
        device.Launch(new KernelConfig(1, 2), new EncodeAll<TFormat, TElement>(device.Upload(values), output));
        return device.Download(output);
    }

    public readonly record struct DecodeAll<TFormat, TElement>(ArrayView<TElement> Bits, ArrayView<float> Values) : IKernel
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        public void Execute()
        {
            for (long i = WorkItems.First; i < Bits.Length; i += WorkItems.Count)
            {
                Values[i] = TFormat.Decode(Bits[i]);
            }
        }
    }

    public readonly record struct DecodeAllLanes<TFormat, TElement>(ArrayView<TElement> Bits, ArrayView<float> Values) : IKernel
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        public void Execute()
        {
            for (long i = WorkItems.First; i < Bits.Length; i += WorkItems.Count)
            {
                Values[i] = TFormat.DecodeLane(Bits[i]);
            }
        }
    }

    public readonly record struct EncodeAll<TFormat, TElement>(ArrayView<float> Values, ArrayView<TElement> Bits) : IKernel
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        public void Execute()
        {
            for (long i = WorkItems.First; i < Values.Length; i += WorkItems.Count)
            {
                Bits[i] = TFormat.Encode(Values[i]);
            }
        }
    }
}
