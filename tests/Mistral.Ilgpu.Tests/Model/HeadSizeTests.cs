using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Heads that are not whole tiles of the cache, against the float64 forward pass: 100 is OpenLLaMA 3B's, 8
/// stories260K's.</summary>
public sealed class HeadSizeTests
{
    private const double Float32Error = 1e-5;
    private const double RoundedError = 2e-2;

    // Weights and activations in eight bits; a head at the wrong place makes an error near 1.
    private const double QuantizedError = 8e-2;

    public static TheoryData<string> DevicesWithCudaLong => TestDevice.AllWithCudaLong;

    [Theory]
    [MemberData(nameof(DevicesWithCudaLong))]
    public void Logits_OfHeadsThatArePadded_EqualReference(string name)
    {
        foreach (int headDim in new[] { 8, 100, 254 })
        {
            using var folder = new TemporaryFolder();
            Write(folder, headDim, "F32");
            Check(name, folder, new ModelOptions(CacheType: TensorFormat.Float32, Chunk: 5), Float32Error);
        }
    }

    [Theory]
    [MemberData(nameof(DevicesWithCudaLong))]
    public void Logits_OfRoundedCaches_AreNearReference(string name)
    {
        using var folder = new TemporaryFolder();
        Write(folder, headDim: 40, "BF16");
        foreach (var cache in new[] { TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0 })
        {
            Check(name, folder, new ModelOptions(CacheType: cache, Chunk: 5), RoundedError);
        }
    }

    [Theory]
    [MemberData(nameof(DevicesWithCudaLong))]
    public void Logits_OfQuantizedWeights_AreNearReference(string name)
    {
        using var folder = new TemporaryFolder();
        // 4 heads of 40 are five blocks of 32, which do not end where heads do.
        Write(folder, headDim: 40, "F32", dim: 96);
        Check(name, folder, new ModelOptions(TensorFormat.Q8_0, TensorFormat.Float16, Chunk: 5), QuantizedError);
    }

    [Fact]
    public void CopyRows_OfPaddedHeads_PutsZerosBehindEachHead()
    {
        using var folder = new TemporaryFolder();
        Write(folder, headDim: 6, "F32");
        using var checkpoint = Checkpoint.Open(folder.Path);
        var keys = checkpoint.Tensors[TensorNames.Key(0)];
        var padded = keys.WithHeadsOf(16);
        Assert.Equal(keys.Rows / 6 * 16, padded.Rows);
        var whole = Rows(keys);
        for (int first = 0; first < padded.Rows; first += 7)
        {
            int count = Math.Min(7, padded.Rows - first);
            var bytes = new byte[count * keys.Columns * sizeof(float)];
            padded.CopyRows(first, count, TensorFormat.Float32, bytes);
            var expected = Enumerable.Range(first, count)
                .SelectMany(row => row % 16 < 6 ? whole[(row / 16 * 6) + (row % 16)] : new byte[whole[0].Length]);
            Assert.Equal(expected, bytes);
        }

        static byte[][] Rows(CheckpointTensor tensor)
        {
            var bytes = new byte[tensor.Bytes];
            tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, bytes);
            return [.. bytes.Chunk(bytes.Length / tensor.Rows)];
        }
    }

    private static void Write(TemporaryFolder folder, int headDim, string type, int dim = 24)
    {
        // One model for each size: what rounding does to the logits of a few random weights differs by a factor of three.
        var random = new RandomCheckpoint(seed: headDim) { Type = type };
        (random.Config["head_dim"], random.Config["hidden_size"], random.Config["intermediate_size"]) = (headDim, dim, dim + 32);
        random.Write(folder.Path);
    }

    // A prompt past the window, then tokens one by one.
    private static void Check(string name, TemporaryFolder folder, ModelOptions options, double bound)
    {
        using var checkpoint = Checkpoint.Open(folder.Path);
        int[] ids = LogitsTests.RandomIds(new Random(1), 19, checkpoint.Config.VocabularySize);
        var expected = new ReferenceModel(checkpoint).Forward(ids);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(name), options);
        using var text = new ModelText(model);
        var logits = new float[checkpoint.Config.VocabularySize];
        text.Forward(ids.AsSpan(..^3));
        for (int i = ids.Length - 3; i <= ids.Length; i++)
        {
            text.ReadLogits(logits);
            Assert.InRange(LogitsTests.RelativeError(expected[i - 1], logits), 0, bound);
            if (i < ids.Length)
            {
                text.Forward([ids[i]]);
            }
        }
    }
}
