using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
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
        Assert.Null(CpuChoice.Of(checkpoint, TestDevice.Get(name), new DeviceOptions(), new ModelOptions()));
    }

    [Theory]
    [InlineData(null, true, "q4_0 ", "q4_0-1024", Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData(TensorFormat.Q8_0, true, "q8_0 ", "q8_0-1024", Traits = [Needs.Trait, Needs.OpenCl])]
    [InlineData(null, false, "q4_0 times float32 ", "q4_0-1024-f32", Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void Of_ALargeModel_MeasuresWhatWillRunAndKeepsTheChoice(
        TensorFormat? type, bool isInt8, string measured, string key)
    {
        using var checkpoint = Checkpoint.Open("random:250m:q4_0");
        var device = TestDevice.Get("opencl");
        var model = new ModelOptions(type, Activations: isInt8 ? ActivationType.Int8 : ActivationType.Float32);
        File.Delete(device.CacheFile($"accelerator-{key}", ".txt"));
        var (chosen, reason) = CpuChoice.Of(checkpoint, device, new DeviceOptions(), model)!.Value;
        Assert.Contains(chosen, new[] { "cpu", device.Info.Id });
        Assert.Contains($"MiB of {measured}take", reason, StringComparison.Ordinal);
        var (again, kept) = CpuChoice.Of(checkpoint, device, new DeviceOptions(), model)!.Value;
        Assert.Equal(chosen, again);
        Assert.Contains("measured before", kept, StringComparison.Ordinal);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Of_AnAcceleratorThatFails_TakesOpenClAndTellsWhy()
    {
        using var checkpoint = Checkpoint.Open("random:250m:q4_0");
        var device = TestDevice.Get("opencl");
        // Other models have all of its memory.
        var options = new DeviceOptions { HeldOn = id => id == "cpu" ? long.MaxValue / 2 : 0 };
        var (chosen, reason) = CpuChoice.Of(checkpoint, device, options, new ModelOptions(TensorFormat.Q5_1))!.Value;
        Assert.Equal(device.Info.Id, chosen);
        Assert.StartsWith("no GPU; cpu cannot be measured: ", reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', reason);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Of_OpenClThatFails_TakesTheAcceleratorAndTellsWhy()
    {
        using var checkpoint = Checkpoint.Open("random:250m:q4_0");
        // Instructions of AMD's, which the compiler of this driver does not have.
        using var device = TestDevice.OpenAs(KernelFamily.Amd, WaveFeatures.Dpp | WaveFeatures.Sdot4 | WaveFeatures.Perm);
        var (chosen, reason) = CpuChoice.Of(checkpoint, device, new DeviceOptions(), new ModelOptions(TensorFormat.Q5_1))!.Value;
        Assert.Equal("cpu", chosen);
        Assert.StartsWith($"no GPU; {device.Info.Id} cannot be measured: ", reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', reason);
    }
}
