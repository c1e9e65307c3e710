using System.Collections.Concurrent;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
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

    /// <summary>Notes the threads that run it: on the CPU accelerator a kernel is the method itself.</summary>
    private readonly record struct WhoRuns : ISharedKernel
    {
        public static readonly ConcurrentDictionary<int, int> Threads = [];

        public void Execute() => Execute(WorkShare.Current);

        public void Execute(WorkShare share) =>
            Threads.AddOrUpdate(Environment.CurrentManagedThreadId, 1, (_, times) => times + 1);
    }
}
