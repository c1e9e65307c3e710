using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Kernels;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class KernelsTests
{
    [Fact]
    public void Kernels_WithoutName_ListsEveryForm() =>
        Assert.Equal(KernelCatalog.All.Select(form => form.Name), CommandRun.Of("kernels").Expect(ExitCode.Done).Output.TrimEnd().Split('\n'));

    [Fact]
    public void Kernels_WithBeginningOfAName_ListsItsForms()
    {
        var names = CommandRun.Of("kernels", "rope<", "--format", "json").Expect(ExitCode.Done).Json.GetProperty("kernels");
        Assert.Equal(["Rope<Float32>", "Rope<BFloat16>", "Rope<Float16>", "Rope<Int8Cache>"], names.EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public void Kernels_EmitPtx_IsForTheArchitecture()
    {
        string older = CommandRun.Of("kernels", "SwiGlu", "--emit", "ptx", "--arch", "sm_60").Expect(ExitCode.Done).Output;
        Assert.Contains(".target sm_60", older, StringComparison.Ordinal);
        Assert.Contains(".entry", older, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_EmitOpenCl_IsAKernel()
    {
        var run = CommandRun.Of("kernels", "SwiGlu", "--emit", "opencl", "--format", "json").Expect(ExitCode.Done).Json;
        Assert.Equal("SwiGlu", run.GetProperty("kernel").GetString());
        Assert.Contains("kernel void", run.GetProperty("code").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_UnknownName_IsRefused() => CommandRun.Of("kernels", "Conv").ExpectError(ExitCode.Usage, "NAME", "'Conv'");

    [Fact]
    public void Kernels_EmitOfManyForms_IsRefused() => CommandRun.Of("kernels", "Embed", "--emit", "ptx").ExpectError(ExitCode.Usage, "--emit", "3 forms");

    [Fact]
    public void Kernels_UnknownArchitecture_IsRefused() =>
        CommandRun.Of("kernels", "SwiGlu", "--emit", "ptx", "--arch", "gfx90").ExpectError(ExitCode.Usage, "--arch", "'gfx90'", "sm_80");
}
