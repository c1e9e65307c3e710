using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.PtxMachine.Driver;
using static Mistral.Ilgpu.Kernels.Tests.RaggedPasses;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// Attention of prompts by warpgroups: its outputs, when it is used, and what comes in its place. Runs alone, because kernels that
/// other tests load ask the driver for shared memory too.
/// </summary>
[Collection(nameof(WarpgroupAttentionTests))]
[CollectionDefinition(nameof(WarpgroupAttentionTests), DisableParallelization = true)]
public sealed class WarpgroupAttentionTests
{
    // Windows below, at and beside what is taken at once; more rounds than places; heads that fill their room and not; groups of
    // heads that fill a tile's queries and not.
    [Theory]
    [InlineData(50, 1, 5, 80, 32, 120)]
    [InlineData(128, 2, 4, 128, 16, 300)]
    [InlineData(300, 1, 2, 128, 16, 640)]
    [InlineData(1, 1, 16, 96, 16, 60)]
    public void RaggedPassesOverRings_EqualReference(int window, int kvHeads, int group, int head, int page, int length)
    {
        var shape = new Shape(window, kvHeads, group, head, page, length);
        Check<Float16, ushort>(Device, shape, TensorFormat.Float16, Form.Warpgroup, 4e-3, passes: 3);
        if (group == 5)
        {
            Check<BFloat16, ushort>(Device, shape, TensorFormat.BFloat16, Form.Warpgroup, 3e-2, passes: 3);
        }
    }

    // Wherever a query lies in a tile, and whichever keys the others of the tile see.
    [Theory]
    [InlineData(21, 4, 150)]
    [InlineData(140, 2, 300)]
    public void PromptToken_InAnyTile_HasTheSameBits(int window, int group, int length)
    {
        var shape = new Shape(window, 1, group, 128, 16, length);
        float[] qkv = new RandomData().Floats((long)shape.Length * shape.Columns, 2);
        float[] together = Of(128 / group);
        Assert.Equal(together, Of(13));
        Assert.Equal(together, Of(30));

        float[] Of(int tokens) => Prompt<BFloat16, ushort>(Device, shape, TensorFormat.BFloat16, Form.Warpgroup, qkv, tokens);
    }

    [Fact]
    public void Attends_OnDeviceThatHasIt_PassesItsTestInBothFormats()
    {
        var attention = WarpgroupAttention.Of(Device)!;
        Assert.True(attention.Attends<BFloat16Tensor>(128), Device.Drawback);
        Assert.True(attention.Attends<Float16Tensor>(80), Device.Drawback);
        Assert.False(attention.Attends<Float16Tensor>(64));
        Assert.False(attention.Attends<Float16Tensor>(256));
    }

    // So that starting hardly takes longer.
    [Fact]
    public void Attends_FirstTime_TakesOneModuleAndOneLaunch()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Counts = new CallCounts();
        Assert.True(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        Assert.True(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        Assert.Equal((1, 1), (CudaDriver.Counts.Calls["cuModuleLoadDataEx"], CudaDriver.Counts.Launches));
    }

    [Fact]
    public void Attends_DriverGivesNoSharedMemory_SaysWhyNot()
    {
        using var device = TestDevice.OpenCounted();
        CudaDriver.Refused = "cuFuncSetAttribute";
        try
        {
            Assert.False(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        }
        finally
        {
            CudaDriver.Refused = null;
        }

        Assert.StartsWith("attention of prompts is without warpgroups: AttendWarpgroup<BFloat16Tensor, FloatOutput> needs", device.Drawback, StringComparison.Ordinal);
        Assert.False(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        Assert.True(WarpgroupAttention.Of(device)!.Attends<Float16Tensor>(128));
    }

    [Fact]
    public void LeaveOut_AfterItPassed_TurnsItOffOnce()
    {
        using var device = TestDevice.OpenCounted();
        Assert.True(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        Assert.True(Family.Of(device).LeaveOut(device, "of a test"));
        Assert.False(Family.Of(device).LeaveOut(device, "of another"));
        Assert.False(WarpgroupAttention.Of(device)!.Attends<BFloat16Tensor>(128));
        Assert.Contains("attention of prompts is without warpgroups: of a test", device.Drawback, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(DeviceFeatures.Warpgroups))]
    [InlineData(nameof(DeviceFeatures.WarpgroupAttention))]
    public void SwitchedOff_ThereIsNone(string feature)
    {
        using var device = TestDevice.OpenCounted(without: Enum.Parse<DeviceFeatures>(feature));
        Assert.Null(WarpgroupAttention.Of(device));
        Assert.Equal(64, Family.Of(device).QueriesPerTile(TensorFormat.BFloat16));
    }

    [Fact]
    public void OlderDevice_HasNone()
    {
        using var device = TestDevice.OpenCounted("cuda:1");
        Assert.Null(WarpgroupAttention.Of(device));
    }

    private static ComputeDevice Device
    {
        get
        {
            var device = TestDevice.Get("cuda");
            Assert.SkipWhen(WarpgroupAttention.Of(device) is null, "no warpgroups");
            return device;
        }
    }
}
