using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>The whole model on every device against the float64 forward pass.</summary>
public sealed class LogitsTests
{
    private const double Float32Error = 1e-5;
    private const double SixteenBitError = 2e-2;

    public static TheoryData<string> Devices => TestDevice.All;

    public static TheoryData<string> DevicesWithCudaLong => TestDevice.AllWithCudaLong;

    public static TheoryData<string, string> DevicesAndTypes =>
        TestDevice.Rows(["cpu", "opencl", "cuda"], ["F32", "F16", "BF16"], (device, stored) => device == "cuda" && stored != "BF16");

    private static readonly Lazy<(int[] Ids, double[][] Logits)> TinyReference = new(() =>
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        int[] ids = TinyPrompt(checkpoint, 150);
        return (ids, new ReferenceModel(checkpoint).Forward(ids));
    });

    [Theory]
    [MemberData(nameof(Devices))]
    public void Tiny_Float32_EqualsReference(string name) =>
        CheckTiny(name, TensorFormat.Float32, TensorFormat.Float32, Float32Error);

    [Theory]
    [MemberData(nameof(Devices))]
    public void Tiny_BFloat16_IsNearUnroundedReference(string name) =>
        CheckTiny(name, TensorFormat.BFloat16, TensorFormat.BFloat16, SixteenBitError);

    [Theory]
    [MemberData(nameof(DevicesAndTypes))]
    public void RandomModel_AnyWeightType_IsNearReference(string name, string stored)
    {
        // Tensor cores take activations in the 16 bits of the weights.
        bool rounds = stored != "F32" && TestDevice.Get(name).Info.CudaArchitecture >= 80;
        // One model in a few hundred random ones has 2.1 % of rounding error on tensor cores: the bounds hold for these weights.
        const int seed = 1;
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(seed) { Type = stored, Shards = 3 }.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        int[] ids = RandomIds(new Random(seed), 29, checkpoint.Config.VocabularySize);
        double[][] expected = new ReferenceModel(checkpoint).Forward(ids);
        Check(
            name, checkpoint, new ModelOptions(CacheType: TensorFormat.Float32, Chunk: 5), ids, expected,
            rounds ? SixteenBitError : Float32Error);
        Check(name, checkpoint, new ModelOptions(TensorFormat.Float16, TensorFormat.Float16, Chunk: 8), ids, expected, SixteenBitError);
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public void Chunks_OfAnySize_GiveTheSameLogits(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        int[] ids = TinyPrompt(checkpoint, 200);
        float[]? whole = null;
        foreach (int chunk in new[] { 256, 64, 7, 1 })
        {
            using var model = MistralModel.LoadUntested(
                checkpoint, TestDevice.Get(name, isLong: true), new ModelOptions(TensorFormat.Float32, TensorFormat.Float16, Chunk: chunk));
            using var text = new ModelText(model);
            text.Forward(ids);
            var logits = new float[checkpoint.Config.VocabularySize];
            text.ReadLogits(logits);
            whole ??= logits;
            Assert.InRange(RelativeError([.. whole.Select(v => (double)v)], logits), 0, Float32Error);
        }
    }

    [Theory]
    [MemberData(nameof(DevicesWithCudaLong))]
    public void ForwardTwice_AfterReset_GivesTheSameBits(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(name));
        using var text = new ModelText(model);
        int[] ids = TinyPrompt(checkpoint, TestDevice.IsInterpreted(model.Devices[0]) ? 10 : 90);
        var (first, second) = (new float[checkpoint.Config.VocabularySize], new float[checkpoint.Config.VocabularySize]);
        text.Forward(ids);
        text.ReadLogits(first);
        text.Reset();
        text.Forward(ids);
        text.ReadLogits(second);
        Assert.Equal(first, second);
    }

    internal static int[] TinyPrompt(Checkpoint checkpoint, int length) =>
    [
        checkpoint.Tokenizer.BosId,
        .. Enumerable.Range(0, 100).SelectMany(_ => checkpoint.Tokenizer.EncodeToIds(
            "Once upon a time there was a girl named Lily. She had a red ball. [INST] What is 3 + 4? [/INST]")).Take(length - 1),
    ];

    internal static int[] RandomIds(Random random, int count, int vocabulary) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];

    private static void CheckTiny(string name, TensorFormat weights, TensorFormat cache, double bound)
    {
        _ = TestDevice.Get(name, isLong: true);
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        var (ids, expected) = TinyReference.Value;
        Check(name, checkpoint, new ModelOptions(weights, cache, Chunk: 32), ids, expected, bound);
    }

    private static void Check(
        string name, Checkpoint checkpoint, ModelOptions options, int[] ids, double[][] expected, double bound)
    {
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(name, isLong: ids.Length > 100), options);
        using var text = new ModelText(model);
        text.Score(ids, (index, logits) => Assert.InRange(RelativeError(expected[index], logits), 0, bound));
    }

    internal static double RelativeError(double[] expected, float[] actual) => Math.Sqrt(
        expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum() / expected.Sum(e => e * e));
}
