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

    private readonly record struct Cancels : IKernel
    {
        public void Execute() => s_source.Cancel();
    }

    private readonly record struct Counts : IKernel
    {
        public void Execute() => Interlocked.Increment(ref s_items);
    }
}
