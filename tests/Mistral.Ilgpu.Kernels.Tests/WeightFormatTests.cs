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
        Assert.Equal(expected, Decode<Float16>(name, bits));
        // Forms for GPUs do not decode so, and some of those have no subnormal floats.
        if (!TestDevice.Get(name).Info.IsGpu)
        {
            Assert.Equal(expected, DecodeLanes<Float16>(name, bits));
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
        Assert.Equal([.. bits.Select(Upper)], Decode<BFloat16>(name, bits));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Float16_AnyFloat_EncodesAsHalf(string name)
    {
        float[] values = EncodingCases();
        ushort[] expected = [.. values.Select(v => BitConverter.HalfToUInt16Bits((System.Half)v))];
        Assert.Equal(expected, Encode<Float16>(name, values));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void BFloat16_AnyFloat_EncodesToNearestEven(string name)
    {
        float[] values = [.. EncodingCases().Where(v => MathF.Abs(v) < 3e38f)];
        ushort[] expected = [.. values.Select(NearestBFloat16)];
        Assert.Equal(expected, Encode<BFloat16>(name, values));
    }

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

    private static float[] Decode<TFormat>(string name, ushort[] bits)
        where TFormat : struct, IWeightFormat<ushort>
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<float>(bits.Length);
        device.Launch(new KernelConfig(1, 2), new DecodeAll<TFormat>(device.Upload(bits), output));
        return device.Download(output);
    }

    private static float[] DecodeLanes<TFormat>(string name, ushort[] bits)
        where TFormat : struct, IWeightFormat<ushort>
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<float>(bits.Length);
        device.Launch(new KernelConfig(1, 2), new DecodeAllLanes<TFormat>(device.Upload(bits), output));
        return device.Download(output);
    }

    private static ushort[] Encode<TFormat>(string name, float[] values)
        where TFormat : struct, IWeightFormat<ushort>
    {
        var device = TestDevice.Get(name);
        var output = device.Zeros<ushort>(values.Length);
        device.Launch(new KernelConfig(1, 2), new EncodeAll<TFormat>(device.Upload(values), output));
        return device.Download(output);
    }

    public readonly record struct DecodeAll<TFormat>(ArrayView<ushort> Bits, ArrayView<float> Values) : IKernel
        where TFormat : struct, IWeightFormat<ushort>
    {
        public void Execute()
        {
            for (long i = WorkItems.First; i < Bits.Length; i += WorkItems.Count)
            {
                Values[i] = TFormat.Decode(Bits[i]);
            }
        }
    }

    public readonly record struct DecodeAllLanes<TFormat>(ArrayView<ushort> Bits, ArrayView<float> Values) : IKernel
        where TFormat : struct, IWeightFormat<ushort>
    {
        public void Execute()
        {
            for (long i = WorkItems.First; i < Bits.Length; i += WorkItems.Count)
            {
                Values[i] = TFormat.DecodeLane(Bits[i]);
            }
        }
    }

    public readonly record struct EncodeAll<TFormat>(ArrayView<float> Values, ArrayView<ushort> Bits) : IKernel
        where TFormat : struct, IWeightFormat<ushort>
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
