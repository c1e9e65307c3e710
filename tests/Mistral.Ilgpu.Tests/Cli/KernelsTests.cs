using System.Diagnostics;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Kernels;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class KernelsTests
{
    [Fact]
    public void Kernels_WithoutName_ListsEveryFormAndWhatItNeeds()
    {
        string[] lines = CommandRun.Of("kernels").Expect(ExitCode.Done).Output.TrimEnd().Split('\n');
        Assert.Equal(KernelCatalog.All.Select(form => form.Name), lines.Skip(1).Select(line => line.Split("  ")[0]));
        Assert.Contains(lines, line => line.StartsWith("RmsNormGroup ", StringComparison.Ordinal) && line.EndsWith("shared memory, barriers", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("RmsNormRow ", StringComparison.Ordinal) && line.EndsWith("nothing", StringComparison.Ordinal));
    }

    [Fact]
    public void Kernels_WithBeginningOfAName_ListsItsForms()
    {
        var names = CommandRun.Of("kernels", "rope<", "--format", "json").Expect(ExitCode.Done).Json.GetProperty("kernels");
        Assert.Equal(
            ["Rope<BFloat16>", "Rope<Float16>", "Rope<Float32>", "Rope<Int8Cache>"], names.EnumerateArray().Select(form => form.GetProperty("kernel").GetString()));
        Assert.All(names.EnumerateArray(), form => Assert.False(form.GetProperty("needs_groups").GetBoolean()));
    }

    [Fact]
    public void Kernels_OfAName_TellRegistersAndSharedMemory()
    {
        Assert.SkipWhen(Ptxas.Find() is null, "no ptxas on PATH");
        var form = CommandRun.Of("kernels", "RmsNormGroup", "--arch", "sm_90", "--format", "json")
            .Expect(ExitCode.Done).Json.GetProperty("kernels")[0];
        Assert.InRange(form.GetProperty("registers").GetInt32(), 1, 255);
        Assert.Equal(GroupReduce.MaxGroupSize * sizeof(float), form.GetProperty("shared_bytes").GetInt32());
        Assert.Equal(0, form.GetProperty("spill_bytes").GetInt32());
    }

    [Fact]
    public void Kernels_EmitIl_IsTheKernelAndWhatItIsMadeWith()
    {
        string il = CommandRun.Of("kernels", "AttendRow<QuadTiles<Int8Cache>>", "--emit", "il").Expect(ExitCode.Done).Output;
        Assert.Contains("AttendRow`2", il, StringComparison.Ordinal);
        Assert.Contains("instance void Execute ()", il, StringComparison.Ordinal);
        Assert.Contains("AttendFour", il, StringComparison.Ordinal);
        Assert.Contains("Int8Cache", il, StringComparison.Ordinal);
        Assert.Contains("IL_0000:", il, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_EmitMachineCode_IsForTheArchitecture()
    {
        Assert.SkipWhen(Ptxas.Find() is null || Ptxas.FindDisassembler() is null, "no ptxas or no nvdisasm on PATH");
        string code = CommandRun.Of("kernels", "SwiGlu", "--emit", "sass", "--arch", "sm_90").Expect(ExitCode.Done).Output;
        Assert.Contains("EXIT", code, StringComparison.Ordinal);
        Assert.Contains("MUFU", code, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_EmitAmdMachineCode_IsForTheArchitectureAndTellsItsRegisters()
    {
        SkipWithoutClang();
        var code = CommandRun.Of("kernels", "RmsNormGroup", "--emit", "amdgcn", "--arch", "gfx942", "--format", "json")
            .Expect(ExitCode.Done).Json;
        Assert.Equal("gfx942", code.GetProperty("arch").GetString());
        Assert.Contains("amdgcn-amd-amdhsa--gfx942", code.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.InRange(code.GetProperty("vgprs").GetInt32(), 1, 256);
        Assert.Equal(0, code.GetProperty("scratch_bytes").GetInt32());
        Assert.Equal(GroupReduce.MaxGroupSize * sizeof(float), code.GetProperty("local_bytes").GetInt32());
        Assert.InRange(code.GetProperty("waves_per_simd").GetInt32(), 1, 8);
    }

    [Fact]
    public void Kernels_OfANameForAnAmdGpu_TellRegistersAndWaves()
    {
        SkipWithoutClang();
        string[] lines = CommandRun.Of("kernels", "RmsNorm", "--arch", "gfx1100").Expect(ExitCode.Done).Output.TrimEnd().Split('\n');
        Assert.Matches("^kernel +needs +VGPRs +AGPRs +SGPRs +local memory +scratch +waves of a SIMD$", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("RmsNormGroup ", StringComparison.Ordinal) && line.EndsWith(" of 16", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("RmsNormVectors ", StringComparison.Ordinal) && line.TrimEnd().EndsWith("vectors", StringComparison.Ordinal));
    }

    [Fact]
    public void Kernels_AssembledForAnAmdGpu_TellsWhatUsesScratch()
    {
        SkipWithoutClang();
        string output = CommandRun.Of("kernels", "RmsNormGroup", "--assemble", "--arch", "gfx1100").Expect(ExitCode.Done).Output;
        Assert.Matches(@"^1 forms for gfx1100, clang [\d.]+: 1 assemble without scratch memory, 0 do not\n\z", output);
        // An array for a tile of keys, which CPUs keep in vectors.
        var run = CommandRun.Of("kernels", "AttendRow<LaneTiles<Float32>>", "--assemble", "--arch", "gfx1100").Expect(ExitCode.Fault);
        Assert.Matches(@"^AttendRow<LaneTiles<Float32>>: \d+ bytes of scratch memory\n1 forms .* 1 do not\n\z", run.Output);
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

    [Theory]
    [InlineData("echo 'Used 10 registers, 0 bytes spill stores, 0 bytes spill loads' >&2", 0, "")]
    [InlineData("echo 'Used 10 registers, 8 bytes spill stores, 4 bytes spill loads' >&2", 1, "RmsNormRow: 12 bytes of spills\n")]
    [InlineData("echo 'ptxas fatal : no such instruction' >&2; exit 255", 1, "RmsNormRow: ptxas fatal : no such instruction\n")]
    public void Kernels_Assembled_ListsWhatFailsOrSpills(string script, int exitCode, string faults)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in is a shell script");
        using var folder = new TemporaryFolder();
        string ptxas = folder.File("ptxas");
        File.WriteAllText(ptxas, $"#!/bin/sh\n[ $1 = --version ] && echo 'release 13.0, V13.0.88' && exit\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(ptxas, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var (ended, output, _) = WithPath(
            folder.Path + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"),
            "kernels", "RmsNormRow", "--assemble", "--arch", "sm_90");
        Assert.Equal(exitCode, ended);
        Assert.Equal($"{faults}1 forms for sm_90, ptxas V13.0.88: {1 - exitCode} assemble without spills, {exitCode} do not\n", output);
    }

    [Theory]
    [InlineData("--emit=sass", "--emit sass: found no ptxas on PATH, expected NVIDIA's")]
    [InlineData("--assemble", "--assemble: found no ptxas on PATH, expected NVIDIA's")]
    public void Kernels_WithoutTheTool_SayWhatIsMissing(string option, string message)
    {
        using var folder = new TemporaryFolder();
        var (exitCode, output, error) = WithPath(folder.Path, "kernels", "SwiGlu", option);
        Assert.Equal((ExitCode.Usage, "", $"mistral: {message}\n"), (exitCode, output, error));
    }

    [Fact]
    public void Kernels_AssembledAndEmitted_IsRefused() =>
        CommandRun.Of("kernels", "SwiGlu", "--assemble", "--emit", "il").ExpectError(ExitCode.Usage, "--assemble with --emit");

    [Fact]
    public void Kernels_UnknownName_IsRefused() => CommandRun.Of("kernels", "Conv").ExpectError(ExitCode.Usage, "NAME", "'Conv'");

    [Fact]
    public void Kernels_PtxOfLanes_IsRefused() =>
        CommandRun.Of("kernels", "StripMatVec<Float32, Assign>", "--emit", "ptx")
            .ExpectError(ExitCode.Usage, "--emit ptx", "for CPUs");

    [Fact]
    public void Kernels_EmitOfManyForms_IsRefused() =>
        CommandRun.Of("kernels", "Embed", "--emit", "ptx").ExpectError(ExitCode.Usage, "--emit", "4 forms");

    [Fact]
    public void Kernels_UnknownArchitecture_IsRefused() =>
        CommandRun.Of("kernels", "SwiGlu", "--emit", "ptx", "--arch", "gfx90")
            .ExpectError(ExitCode.Usage, "--arch", "'gfx90'", "sm_80", "gfx90a");

    [Theory]
    [InlineData("sass", "gfx1100", "sm_80")]
    [InlineData("ptx", "gfx942", "sm_80")]
    [InlineData("amdgcn", "sm_90", "gfx1100")]
    public void Kernels_ArchitectureOfAnotherMaker_IsRefused(string language, string architecture, string expected) =>
        CommandRun.Of("kernels", "SwiGlu", "--emit", language, "--arch", architecture)
            .ExpectError(ExitCode.Usage, $"--emit {language}", $"--arch {architecture}", expected);

    [Theory]
    [InlineData("MatVecTensor<BFloat16Tensor, EightTokens, AsNormed, Assign>", "inline PTX for sm_80", "ptx, sass or il")]
    [InlineData("StripMatVec<Float32, Assign>", "for CPUs", "opencl or il")]
    [InlineData("RmsNormVectors", "CPU accelerator alone", "il")]
    public void Kernels_FormThatIsNotForAmd_IsRefused(string form, string reason, string expected) =>
        CommandRun.Of("kernels", form, "--emit", "amdgcn").ExpectError(ExitCode.Usage, "--emit amdgcn", reason, expected);

    private static void SkipWithoutClang()
    {
        try
        {
            Amdgcn.Find();
        }
        catch (MissingToolException exception)
        {
            Assert.Skip(exception.Message);
        }
    }

    private static (int ExitCode, string Output, string Error) WithPath(string path, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "mistral.dll"), .. args])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = path;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
