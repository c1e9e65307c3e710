using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Inspection;
using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Every kernel in every form that is not for the CPU accelerator alone compiles for every backend, with no such device in the
/// machine.</summary>
public sealed partial class KernelCompilationTests
{
    public static TheoryData<string, int> KernelsAndArchitectures
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var form in KernelCatalog.All.Where(form => !form.NeedsLanes && form.CpuOnly is null))
            {
                // Forms that only CPUs are given need no more than one proof.
                int[] architectures = form.Name.Contains("Tiles<", StringComparison.Ordinal) || form.Name.Contains("Lanes<", StringComparison.Ordinal) ? [80] : [70, 80, 90];
                foreach (int architecture in architectures.Where(form.IsFor))
                {
                    data.Add(form.Name, architecture);
                }
            }

            return data;
        }
    }

    public static TheoryData<string> Kernels => [.. KernelCatalog.All.Where(form => form.CudaArchitecture is null && form.CpuOnly is null).Select(form => form.Name)];

    [Theory]
    [MemberData(nameof(KernelsAndArchitectures))]
    public void Kernel_CompiledForCuda_AssemblesWithoutSpills(string kernel, int architecture)
    {
        string ptx = KernelCode.Ptx(Form(kernel), architecture);
        // ILGPU may name an older target than it was asked for; PTX is forward compatible.
        var target = TargetPattern().Match(ptx).Groups;
        Assert.InRange(int.Parse(target["least"].ValueSpan, CultureInfo.InvariantCulture), 50, architecture);
        Assert.Equal(Form(kernel).IsForThatAlone, target["alone"].Success);
        // What a form says that it needs is what it uses.
        Assert.Equal(Form(kernel).NeedsGroups, ptx.Contains("bar.sync", StringComparison.Ordinal));
        Assert.Equal(Form(kernel).NeedsGroups, ptx.Contains(".shared", StringComparison.Ordinal));
        var form = Form(kernel);
        Assert.Equal(
            form.GroupsAtOnce is { } groups ? [$".maxntid {form.GroupSize}, 1, 1", $".minnctapersm {groups}"] : [],
            Bounds().Matches(ptx).Select(match => match.Value));
        // So a form with an instruction that the machine lacks fails here, not first in its own test.
        Assert.True(PtxKernel.Parse(ptx).ParameterBytes > 0);
        string? ptxas = Ptxas.Find();
        Assert.SkipWhen(ptxas is null, "compiled to PTX; no ptxas on PATH to assemble it");
        try
        {
            var resources = Ptxas.Assemble(ptxas!, form, ptx, architecture);
            Assert.Equal(0, resources.SpillBytes);
            Assert.InRange(resources.Registers, 1, 255);
            Assert.Empty(resources.Losses);
            Assert.InRange(resources.SharedBytes, form.DynamicSharedBytes, form.DynamicSharedBytes > 0 ? 227 << 10 : 48 << 10);
        }
        catch (OlderPtxasException exception)
        {
            Assert.Skip($"compiled to PTX; the ptxas on PATH is too old to assemble it: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Kernel_CompiledForOpenCl_NeedsNoGenericPointers(string kernel)
    {
        string source = KernelCode.OpenCl(Form(kernel));
        Assert.DoesNotContain("__generic", source, StringComparison.Ordinal);
        Assert.DoesNotContain("sub_group", source, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\bhalf\b", source);
    }

    [Fact]
    public void Forms_OfTheCpuAcceleratorAlone_SaySo()
    {
        foreach (var form in KernelCatalog.All)
        {
            Assert.Equal(form.Name.Contains("Vector", StringComparison.Ordinal), form.CpuOnly is { Length: > 0 });
        }
    }

    private static KernelForm Form(string name) => KernelCatalog.All.Single(form => form.Name == name);

    [GeneratedRegex(@"\.(maxntid|minnctapersm) [\d, ]+\b")]
    private static partial Regex Bounds();

    [GeneratedRegex("\\.target sm_(?<least>\\d+)(?<alone>a)?")]
    private static partial Regex TargetPattern();
}
