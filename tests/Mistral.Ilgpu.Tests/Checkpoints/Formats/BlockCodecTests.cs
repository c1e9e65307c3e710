using System.IO.Compression;
using Mistral.Ilgpu.Tests.Checkpoints.Gguf;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Formats;

public sealed class BlockCodecTests
{
    private static readonly TensorFormat[] Encoded = [.. TensorFormatExtensions.Encodable.Where(format => format.IsQuantized())];

    public static TheoryData<TensorFormat> All => [.. GgufData.Formats];

    public static TheoryData<TensorFormat> Encodable => [.. Encoded];

    [Theory]
    [MemberData(nameof(All))]
    public void Decode_TensorOfAFile_IsGgmlsBitForBit(TensorFormat format)
    {
        using var reference = new GZipStream(File.OpenRead(GgufData.Keys(format)), CompressionMode.Decompress);
        using var expected = new MemoryStream();
        reference.CopyTo(expected);
        using var checkpoint = GgufData.Open(format);
        var tensor = checkpoint.Tensors[TensorNames.Key(0)];
        Assert.Equal(format, tensor.Format);
        var found = new byte[tensor.Rows * tensor.Columns * sizeof(float)];
        tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, found);
        Assert.Equal(expected.ToArray(), found);
    }

    // Worked out by hand from ggml's definitions: scale 0.5 (half 0x3800), minimum 2 (0x4000).
    [Theory]
    [InlineData(TensorFormat.Q8_0, "0038 7F80 FF", new[] { 63.5f, -64f, -0.5f, 0f })]
    [InlineData(TensorFormat.Q4_0, "0038 0FF1", new[] { 3.5f, -3.5f, -4f, -4f })]
    [InlineData(TensorFormat.Q4_1, "0038 0040 0FF1", new[] { 9.5f, 2.5f, 2f, 2f })]
    [InlineData(TensorFormat.Q5_0, "0038 01000000 0FF1", new[] { 7.5f, -7.5f, -8f, -8f })]
    [InlineData(TensorFormat.Q5_1, "0038 0040 03000000 0FF1", new[] { 17.5f, 10.5f, 2f, 2f })]
    [InlineData(TensorFormat.IQ4_NL, "0038 0FF1", new[] { 56.5f, -52f, -63.5f, -63.5f })]
    public void Decode_BlockOf32_IsItsDefinition(TensorFormat format, string hex, float[] first)
    {
        var block = new byte[format.BlockBytes()];
        System.Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)).CopyTo(block, 0);
        var weights = new float[32];
        format.Decode(block, weights);
        Assert.Equal(first, weights[..first.Length]);
    }

    [Theory]
    [MemberData(nameof(Encodable))]
    public void Encode_Gaussian_ErrorIsThatOfTheFormat(TensorFormat format)
    {
        // Relative root mean square errors of a good quantizer on normal values, and a tenth more.
        double bound = format switch
        {
            TensorFormat.Q8_0 => 0.0060,
            TensorFormat.Q4_0 => 0.096,
            TensorFormat.Q4_K => 0.076,
            _ => 0.020,
        };
        Seeded.Run(5, random =>
        {
            float[] values = Gaussian(random, 64 * 256, 0.02);
            double error = RelativeError(values, RoundTrip(format, values));
            Assert.InRange(error, bound / 3, bound);
        });
    }

    [Theory]
    [MemberData(nameof(Encodable))]
    public void Encode_WhatItDecoded_KeepsItNearly(TensorFormat format) => Seeded.Run(5, random =>
    {
        float[] once = RoundTrip(format, Gaussian(random, 32 * 256, 1));
        double bound = format is TensorFormat.Q8_0 or TensorFormat.Q4_0 ? 1e-3 : 0.03;
        Assert.InRange(RelativeError(once, RoundTrip(format, once)), 0, bound);
    });

    [Theory]
    [MemberData(nameof(Encodable))]
    public void Encode_OddValues_StaysFinite(TensorFormat format) => Seeded.Run(20, random =>
    {
        float[] values = Gaussian(random, 4 * 256, 1);
        for (int i = 0; i < 256; i++)
        {
            values[i] = 0;
            values[256 + i] *= 1e-20f;
            values[512 + i] = MathF.Abs(values[512 + i]) + 3;
            values[768 + i] *= random.Next(2) == 0 ? 1e6f : 1e-6f;
        }

        float[] found = RoundTrip(format, values);
        Assert.All(found, value => Assert.True(float.IsFinite(value)));
        Assert.All(found[..512], value => Assert.InRange(value, -1e-6f, 1e-6f));
        Assert.InRange(RelativeError(values[512..768], found[512..768]), 0, 0.08);
    });

    private static float[] RoundTrip(TensorFormat format, float[] values)
    {
        var blocks = new byte[format.BytesOf(values.Length)];
        format.Encode(values, blocks);
        var found = new float[values.Length];
        format.Decode(blocks, found);
        return found;
    }

    private static float[] Gaussian(Random random, int count, double deviation) =>
    [
        .. Enumerable.Range(0, count).Select(_ => (float)(
            deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))),
    ];

    private static double RelativeError(IEnumerable<float> expected, IEnumerable<float> found) => Math.Sqrt(
        expected.Zip(found, (a, b) => Math.Pow((double)a - b, 2)).Sum() / expected.Sum(value => (double)value * value));
}
