using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Every kernel in every form compiles for every backend, with no such device in the machine.</summary>
public sealed partial class KernelCompilationTests
{
    public static TheoryData<string, int> KernelsAndArchitectures
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var form in KernelCatalog.All)
            {
                // Forms that only CPUs are given need no more than one proof.
                foreach (int architecture in form.Name.Contains("Tiles<", StringComparison.Ordinal) ? [80] : new[] { 70, 80, 90 })
                {
                    data.Add(form.Name, architecture);
                }
            }

            return data;
        }
    }

    public static TheoryData<string> Kernels => [.. KernelCatalog.All.Select(form => form.Name)];

    [Theory]
    [MemberData(nameof(KernelsAndArchitectures))]
    public void Kernel_CompiledForCuda_AssemblesWithoutSpills(string kernel, int architecture)
    {
        string ptx = CompilePtx(kernel, architecture);
        // ILGPU may name an older target than it was asked for; PTX is forward compatible.
        Assert.InRange(int.Parse(TargetPattern().Match(ptx).Groups["target"].Value, CultureInfo.InvariantCulture), 50, architecture);
        string? ptxas = FindPtxas();
        Assert.SkipWhen(ptxas is null, "compiled to PTX; no ptxas on PATH to assemble it");
        string report = Assemble(ptxas!, ptx, architecture);
        var spills = SpillPattern().Match(report);
        Assert.True(spills.Success, report);
        Assert.Equal("0", spills.Groups["stores"].Value);
        Assert.Equal("0", spills.Groups["loads"].Value);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_CompiledForOpenCl_NeedsNoGenericPointers(string kernel)
    {
        using var context = CreateContext();
        using var backend = new CLBackend(context, new CLCapabilityContext(true, false, false, false, false), CLDeviceVendor.Other, CLCVersion.CL30);
        var compiled = (CLCompiledKernel)backend.Compile(Describe(kernel), default);
        Assert.DoesNotContain("__generic", compiled.Source, StringComparison.Ordinal);
        Assert.DoesNotContain("sub_group", compiled.Source, StringComparison.Ordinal);
        Assert.DoesNotContain("half", compiled.Source, StringComparison.Ordinal);
    }

    private static string CompilePtx(string kernel, int architecture)
    {
        using var context = CreateContext();
        using var backend = new PTXBackend(context, new CudaArchitecture(architecture / 10, architecture % 10), CudaInstructionSet.ISA_78, null!);
        return ((PTXCompiledKernel)backend.Compile(Describe(kernel), default)).PTXAssembly;
    }

    private static Context CreateContext() => Context.Create(builder => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms());

    private static EntryPointDescription Describe(string kernel) => EntryPointDescription.FromExplicitlyGroupedKernel(
        KernelCatalog.All.Single(form => form.Name == kernel).Entry);

    private static string? FindPtxas() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "ptxas.exe" : "ptxas"))
        .FirstOrDefault(File.Exists);

    private static string Assemble(string ptxas, string ptx, int architecture)
    {
        string source = Path.GetTempFileName();
        try
        {
            File.WriteAllText(source, ptx);
            var start = new ProcessStartInfo(ptxas, [$"-arch=sm_{architecture}", "-v", source, "-o", source + ".cubin"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            string report = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, report);
            return report;
        }
        finally
        {
            File.Delete(source);
            File.Delete(source + ".cubin");
        }
    }

    [GeneratedRegex("\\.target sm_(?<target>\\d+)")]
    private static partial Regex TargetPattern();

    [GeneratedRegex("(?<stores>\\d+) bytes spill stores, (?<loads>\\d+) bytes spill loads")]
    private static partial Regex SpillPattern();
}
