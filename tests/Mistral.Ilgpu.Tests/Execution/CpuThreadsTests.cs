using System.Collections.Concurrent;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Tests.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class CpuThreadsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Open_WithThreads_RunsKernelsOnSoMany(int threads)
    {
        using var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = threads });
        WhoRuns.Threads.Clear();
        var launch = device.Bind(default(WhoRuns));
        // The second time work items have waited for each other.
        device.Gathering!.Together(() =>
        {
            launch(Family.Of(device).Coarse(100));
            launch(Family.Of(device).Coarse(100));
        }, TestContext.Current.CancellationToken);
        device.Synchronize();
        Assert.Equal(threads, WhoRuns.Threads.Count);
        Assert.All(WhoRuns.Threads.Values, times => Assert.Equal(2, times));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(TensorFormat.Float16)]
    [InlineData(TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_0)]
    public void Logits_WithAnyNumberOfThreads_AreTheSameBits(TensorFormat? type)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        // A prompt with a rest of its tiles, and decoded tokens.
        int[] ids = LogitsTests.RandomIds(new Random(1), 43, checkpoint.Config.VocabularySize);
        float[] expected = Logits(threads: 1);
        foreach (int threads in new[] { 2, 3, 5 })
        {
            Assert.True(expected.AsSpan().SequenceEqual(Logits(threads)), $"{threads} threads: not the same bits");
        }

        float[] Logits(int threads)
        {
            using var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = threads });
            using var model = MistralModel.LoadUntested(checkpoint, device, new ModelOptions(type));
            using var text = new ModelText(model);
            text.Forward(ids);
            text.Forward([1]);
            text.Forward([2]);
            var logits = new float[checkpoint.Config.VocabularySize];
            model.ReadLogits(0, logits);
            return logits;
        }
    }

    /// <summary>Notes the threads that run it: on the CPU accelerator a kernel is the method itself.</summary>
    private readonly record struct WhoRuns : ISharedKernel
    {
        public static readonly ConcurrentDictionary<int, int> Threads = [];

        public void Execute() => Execute(WorkShare.Current);

        public void Execute(WorkShare share) =>
            Threads.AddOrUpdate(Environment.CurrentManagedThreadId, 1, (_, times) => times + 1);
    }
}
