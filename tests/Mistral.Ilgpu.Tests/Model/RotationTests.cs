using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>The rotating cache: constant memory, and the same as a cache that keeps everything and masks.</summary>
public sealed class RotationTests
{
    public static TheoryData<string> Devices => TestDevice.All;

    public static TheoryData<string> DevicesWithCudaLong => TestDevice.AllWithCudaLong;

    [Theory]
    [MemberData(nameof(Devices))]
    public void Generation_PastTenWindows_KeepsMemoryFlatAndEqualsFullCache(string name)
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(seed).Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        int window = checkpoint.Config.SlidingWindow!.Value;
        var reference = new ReferenceModel(checkpoint);
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get(name), new ModelOptions(CacheType: TensorFormat.Float32, Chunk: (2 * window) + 3));
        using var text = new ModelText(model);
        long memory = model.Devices.AllocatedBytes;
        var logits = new float[checkpoint.Config.VocabularySize];
        var random = new Random(seed);
        // Passes of W − 1, W, W + 1 and 2W + 3 tokens between single ones, past ten windows.
        int[] lengths = [window - 1, 1, window, 1, 1, window + 1, 1, (2 * window) + 3, 1];
        for (int i = 0; text.Position <= 12 * window; i++)
        {
            int[] ids = LogitsTests.RandomIds(random, lengths[i % lengths.Length], logits.Length);
            text.Forward(ids);
            text.ReadLogits(logits);
            double[] expected = reference.Forward(ids)[^1];
            double norm = Math.Sqrt(expected.Sum(e => e * e));
            Assert.InRange(Math.Sqrt(expected.Zip(logits, (e, a) => (e - a) * (e - a)).Sum()) / norm, 0, 1e-5);
            Assert.Equal(memory, model.Devices.AllocatedBytes);
        }
    }

    [Fact]
    public void CacheBytes_OfWindowedModel_AreWindowTimesKvHeadsTimesHeadDim()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.LoadUntested(
            checkpoint, TestDevice.Get("cpu"), new ModelOptions(CacheType: TensorFormat.Float16));
        using var text = new ModelText(model);
        var c = checkpoint.Config;
        Assert.Equal(2L * c.LayerCount * 64 * c.KvHeadCount * c.HeadDim * 2, model.Cache.Bytes);
        Assert.Null(model.Context);
    }

    [Fact]
    public void ModelWithoutWindow_PastItsContext_RefusesInWords()
    {
        using var folder = new TemporaryFolder();
        var random = new RandomCheckpoint(1);
        random.Config["sliding_window"] = null;
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"), new ModelOptions(Context: 10));
        using var text = new ModelText(model);
        text.Forward([.. Enumerable.Repeat(3, 10)]);
        var error = Assert.Throws<ContextFullException>(() => text.Forward([3]));
        Assert.Contains("11 tokens", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(DevicesWithCudaLong))]
    public void GreedyTokens_OfTiny_AreTheSameOnEveryDevice(string name)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        int count = TestDevice.IsInterpreted(TestDevice.Get(name)) ? 6 : 300;
        int[] expected = Greedy("cpu", checkpoint, count);
        Assert.Equal(expected, Greedy(name, checkpoint, count));
    }

    [Fact]
    public void Load_OnDeviceWithTooLittleMemory_SaysWhatIsMissing()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        // In place, all layers would fit.
        using var device = ComputeDevice.Open(
            "cpu", new DeviceOptions { MemoryLimit = 1 << 20, Without = DeviceFeatures.LayersInPlace });
        var error = Assert.Throws<ModelMemoryException>(() => MistralModel.Load(checkpoint, device));
        Assert.Contains("tiny does not fit device cpu: it needs", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.AllocatedBytes);
    }

    private static int[] Greedy(string name, Checkpoint checkpoint, int count)
    {
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get(name));
        using var text = new ModelText(model);
        text.Forward([checkpoint.Tokenizer.BosId, .. checkpoint.Tokenizer.EncodeToIds("One day")]);
        var ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = text.ArgMax();
            text.Forward([ids[i]]);
        }

        return ids;
    }
}
