using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>Launches that run as one on the CPU accelerator.</summary>
public sealed class CpuLaunchesTests
{
    private static CancellationTokenSource s_source = new();
    private static int s_items;
    private static int[,] s_shares = new int[0, 0];

    [Fact]
    public void Together_CancelledByTheFirstLaunch_LeavesOutTheOthersAndTheNextGoesOn()
    {
        var device = TestDevice.Get("cpu");
        var shape = new KernelConfig(1, device.Info.MaxGroupSize);
        var (cancel, count) = (device.Bind(default(Cancels)), device.Bind(default(Counts)));
        (s_source, s_items) = (new CancellationTokenSource(), 0);

        Assert.Throws<OperationCanceledException>(() => device.Gathering!.Together(
            () =>
            {
                count(shape);
                cancel(shape);
                count(shape);
                count(shape);
            },
            s_source.Token));

        Assert.Equal(device.Info.MaxGroupSize, s_items);
        device.Gathering!.Together(() => count(shape), TestContext.Current.CancellationToken);
        Assert.Equal(2 * device.Info.MaxGroupSize, s_items);
    }

    // Launches of one share for each thread stand between those of many.
    [Fact]
    public void Together_OfManySharesPerThread_DoesEachOnce()
    {
        const int perThread = 7;
        var device = TestDevice.Get("cpu");
        int threads = device.Info.MaxGroupSize;
        var shape = new KernelConfig(1, threads);
        s_shares = new int[2, threads * perThread];
        var (many, one) = (device.Bind(new Shares(0, perThread)), device.Bind(new Shares(1, 1)));
        device.Gathering!.Together(
            () =>
            {
                many(shape);
                one(shape);
                many(shape);
                many(shape);
            },
            TestContext.Current.CancellationToken);
        Assert.All(Enumerable.Range(0, threads * perThread), share => Assert.Equal(3, s_shares[0, share]));
        Assert.All(Enumerable.Range(0, threads * perThread), share => Assert.Equal(share < threads ? 1 : 0, s_shares[1, share]));
    }

    private readonly record struct Shares(int Row, int PerThread) : ISharedKernel
    {
        public int SharesPerThread => PerThread;

        public void Execute() => Execute(WorkShare.Current);

        public void Execute(WorkShare share) => Interlocked.Increment(ref s_shares[Row, share.First]);
    }

    private readonly record struct Cancels : IKernel
    {
        public void Execute() => s_source.Cancel();
    }

    private readonly record struct Counts : IKernel
    {
        public void Execute() => Interlocked.Increment(ref s_items);
    }
}
