using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>How many tokens and texts share a pass where layers are streamed, and what adapters take.</summary>
public sealed class StreamedPlanTests
{
    private const long Gibibyte = 1L << 30;

    [Theory]
    [InlineData(24, 1024, 8)]
    [InlineData(13, 2048, 32)]
    [InlineData(3, 1024, 32)]
    public void Plan_OfLessMemory_HasLongerPassesAndMoreTextsAsFarAsTheyTakeLittle(int gibibytes, int chunk, int texts)
    {
        using var checkpoint = Checkpoint.Open("random:mistral-7b");
        var device = TestDevice.Get("cuda").Info;
        var (memory, options) = MemoryPlan.Require(
            checkpoint, new ModelOptions(Sequences: 8, StreamedSequences: 32, Context: 2048),
            [new DeviceRoom(device, gibibytes * Gibibyte)]);
        Assert.Equal((chunk, texts), (memory.Chunk, options.Sequences));
        Assert.True(memory.TotalBytes <= gibibytes * Gibibyte);
        Assert.Equal(texts > 8, memory.Parts[0].Residency.Streamed.Count > 0);
    }

    // What is asked for is not changed.
    [Fact]
    public void Plan_OfAChunkThatIsGiven_KeepsIt()
    {
        using var checkpoint = Checkpoint.Open("random:mistral-7b");
        var (memory, options) = MemoryPlan.Require(
            checkpoint, new ModelOptions(Chunk: 128, Context: 2048),
            [new DeviceRoom(TestDevice.Get("cuda").Info, 8 * Gibibyte)]);
        Assert.Equal((128, 1), (memory.Chunk, options.Sequences));
    }

    [Fact]
    public void Plan_OfAdapters_IsWhatALoadAllocates()
    {
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(5).Write(folder.File("model"));
        using var checkpoint = Checkpoint.Open(folder.File("model"));
        LoraOptions[] adapters =
        [
            new(RandomAdapter.Write(folder.File("a"), checkpoint.Config, 1, TensorNames.Query(0), TensorNames.Gate(1)), 2),
            new(RandomAdapter.Write(folder.File("b"), checkpoint.Config, 2, TensorNames.Value(1), TensorNames.Down(0))),
        ];
        using var device = ComputeDevice.Open("cpu");
        var options = new ModelOptions(Adapters: adapters);
        using var model = MistralModel.LoadUntested(checkpoint, device, options);
        var plan = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, options, device.Info);
        Assert.Equal(device.AllocatedBytes, plan.TotalBytes);
        Assert.InRange(plan.AdapterBytes, 1, plan.TotalBytes / 2);
    }
}
