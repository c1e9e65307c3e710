using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>What does not fit is refused from the plan, before anything is read or allocated.</summary>
public sealed class MemoryTests
{
    [Fact]
    public void Load_ModelThatDoesNotFit_IsRefusedBeforeAnythingIsRead()
    {
        using var checkpoint = Checkpoint.Open("random:mistral-7b");
        using var device = ComputeDevice.Open(
            "cpu", new DeviceOptions { MemoryLimit = 1L << 30, Without = DeviceFeatures.LayersInPlace });
        var error = Assert.Throws<ModelMemoryException>(() => MistralModel.Load(
            checkpoint, device, progress: new NoProgress(), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal((1L << 30, TensorFormat.Q4_K, null), (error.AvailableBytes, error.FittingType, error.FittingContext));
        Assert.InRange(error.NeededBytes, 1800L << 20, 2000L << 20);
        Assert.Contains("weights in q4_k would fit", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, device.AllocatedBytes);
    }

    // The last ones overflow an int when they are rounded up to whole pages.
    [Theory]
    [InlineData(100_000_000)]
    [InlineData(2_000_000_000)]
    [InlineData(2_147_483_633)]
    [InlineData(int.MaxValue)]
    public void Load_WindowThatNoMemoryHolds_IsRefusedBeforeAnythingIsAllocated(int window)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var device = ComputeDevice.Open("cpu", new DeviceOptions { MemoryLimit = 4L << 30 });
        long before = GC.GetTotalAllocatedBytes();
        var error = Assert.Throws<ModelMemoryException>(() => MistralModel.Load(
            checkpoint, device, new ModelOptions(SlidingWindow: window, Sequences: 64), new NoProgress(), cancellation: TestContext.Current.CancellationToken));
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
        Assert.Equal(0, device.AllocatedBytes);
        // What it names does fit, and no more does.
        Assert.True(Plan(error.FittingContext!.Value).TotalBytes <= error.AvailableBytes);
        Assert.True(Plan(error.FittingContext.Value + 1).TotalBytes > error.AvailableBytes);

        MemoryPlan Plan(int context)
        {
            var options = new ModelOptions(SlidingWindow: window, Sequences: 64, Context: context);
            return MemoryPlan.Of(options.Adapt(checkpoint.Config), checkpoint.Tensors, options, device.Info, error.AvailableBytes);
        }
    }

    [Fact]
    public void BytesFor_WhatNoNumberHolds_IsTheLargest()
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        var config = checkpoint.Config with { LayerCount = int.MaxValue / 1000, KvHeadCount = 1 << 19, HeadDim = 256, SlidingWindow = int.MaxValue };
        Assert.Equal(long.MaxValue, RotatingKvCache.BytesFor(config, new ModelOptions(TensorFormat.Float32)));
    }

    private sealed class NoProgress : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => Assert.Fail($"{value} was reported");
    }
}
