using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Execution;

public sealed class CpuChoiceTests
{
    [Theory]
    [InlineData("cpu", "random:250m:q4_0")]
    [InlineData("opencl", "tiny", Traits = [Needs.Trait, Needs.OpenCl])]
    public void Of_OneDeviceOrASmallModel_ChoosesNothing(string name, string model)
    {
        using var checkpoint = Checkpoint.Open(model);
        Assert.Null(CpuChoice.Of(checkpoint, TestDevice.Get(name), new DeviceOptions()));
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Of_ALargeModel_ChoosesOneAndKeepsIt()
    {
        using var checkpoint = Checkpoint.Open("random:250m:q4_0");
        var device = TestDevice.Get("opencl");
        var (chosen, reason) = CpuChoice.Of(checkpoint, device, new DeviceOptions())!.Value;
        Assert.Contains(chosen, new[] { "cpu", device.Info.Id });
        Assert.Contains("q4_0", reason, StringComparison.Ordinal);
        var (again, kept) = CpuChoice.Of(checkpoint, device, new DeviceOptions())!.Value;
        Assert.Equal(chosen, again);
        Assert.Contains("measured before", kept, StringComparison.Ordinal);
    }
}
