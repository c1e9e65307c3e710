using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Every kernel in every form that is not for the CPU accelerator alone compiles for every backend, with no such device
/// in the machine.</summary>
public sealed partial class KernelCompilationTests(SharedCode shared) : IClassFixture<SharedCode>
{
    public static TheoryData<string> Compiled => Rows(KernelCatalog.All.Where(form => form.CpuOnly is null));

    public static TheoryData<string> Assembled => Rows(KernelCatalog.All.Where(form => form.CpuOnly is null && !form.NeedsLanes && !form.IsForAmd));

    [Theory]
    [MemberData(nameof(Compiled))]
    public void Kernel_CompiledForEachBackend_IsWhatItsFormSays(string kernel)
    {
        var form = Form(kernel);
        Assert.All(Architectures(form), architecture => CheckPtx(form, architecture, shared.Code.Ptx(form, architecture)));
        if (form.IsForOpenCl)
        {
            CheckOpenCl(form, shared.Code.OpenCl(form));
        }
    }

    [Theory]
    [MemberData(nameof(Assembled))]
    public void Kernel_CompiledForCuda_AssemblesWithoutSpills(string kernel)
    {
        string? ptxas = Ptxas.Find();
        Assert.SkipWhen(ptxas is null, "no ptxas on PATH");
        var form = Form(kernel);
        Assert.NotEmpty(Architectures(form));
        try
        {
            Assert.All(Architectures(form).Select(architecture => (architecture, Ptxas.Assemble(ptxas!, form, shared.Code.Ptx(form, architecture), architecture))).ToList(), assembled =>
            {
                var (_, resources) = assembled;
                Assert.Equal(0, resources.SpillBytes);
                Assert.InRange(resources.Registers, 1, 255);
                Assert.Empty(resources.Losses);
                Assert.InRange(resources.SharedBytes, form.DynamicSharedBytes, form.DynamicSharedBytes > 0 ? 227 << 10 : 48 << 10);
            });
        }
        catch (OlderPtxasException exception)
        {
            Assert.Skip($"the ptxas on PATH is too old: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    [Fact]
    public void Forms_OfTheCpuAcceleratorAlone_SaySo()
    {
        foreach (var form in KernelCatalog.All)
        {
            Assert.Equal(form.Name.Contains("Vector", StringComparison.Ordinal), form.CpuOnly is { Length: > 0 });
        }
    }

    // Compiling all takes minutes: the plain command compiles each kernel in its first form, and every type argument of any. CI
    // compiles each kernel with each of its arguments. Other forms put the same together in another way.
    private static TheoryData<string> Rows(IEnumerable<KernelForm> forms)
    {
        HashSet<Type> parts = [];
        HashSet<(Type, Type)> pairs = [];
        return
        [
            .. forms.Select(form => (Row: new TheoryDataRow<string>(form.Name), Form: form)).Select(one =>
            {
                bool hasNewPart = IsNew(parts, PartsOf(one.Form.Kernel));
                bool hasNewPair = IsNew(pairs, PairsOf(one.Form.Kernel));
                return hasNewPart ? one.Row : hasNewPair && !IsOfMany(one.Form) ? Needs.Long(one.Row) : Needs.ByHand(one.Row);
            }),
        ];

        static bool IsNew<T>(HashSet<T> seen, IEnumerable<T> found)
        {
            int before = seen.Count;
            seen.UnionWith(found);
            return seen.Count > before;
        }
    }

    // Matrix cores × formats × epilogues, which differ by what they are put together of.
    private static bool IsOfMany(KernelForm form) =>
        form.IsForAmd || form.Name.StartsWith("MatMulWave<", StringComparison.Ordinal)
        || form.Name.StartsWith("BlockMatMulTile<", StringComparison.Ordinal)
        || form.Name.StartsWith("MatMulFused<", StringComparison.Ordinal)
        || form.Name.Contains("AttendWave<", StringComparison.Ordinal)
        || form.Name.StartsWith("MergeWave<", StringComparison.Ordinal);

    private static IEnumerable<Type> PartsOf(Type type) =>
        type.GetGenericArguments().SelectMany(PartsOf).Prepend(type.IsGenericType ? type.GetGenericTypeDefinition() : type);

    // A kernel and an argument at any depth.
    private static IEnumerable<(Type, Type)> PairsOf(Type kernel) =>
        kernel.IsGenericType ? PartsOf(kernel).Skip(1).Select(part => (kernel.GetGenericTypeDefinition(), part)) : [];

    // Forms that only CPUs are given need no more than one proof.
    private static IEnumerable<int> Architectures(KernelForm form) =>
        (form switch
        {
            { NeedsLanes: true } => Array.Empty<int>(),
            { CudaArchitecture: null } when form.Name.Contains("Tiles<", StringComparison.Ordinal) || form.Name.Contains("Lanes<", StringComparison.Ordinal) => [80],
            { NeedsWaves: true } => [60, 90],
            { CudaArchitecture: 75 } => [75],
            _ => [70, 80, 90],
        }).Where(form.IsFor);

    private static void CheckPtx(KernelForm form, int architecture, string ptx)
    {
        // ILGPU may name an older target than it was asked for; PTX is forward compatible.
        var target = TargetPattern().Match(ptx).Groups;
        Assert.InRange(int.Parse(target["least"].ValueSpan, CultureInfo.InvariantCulture), 50, architecture);
        Assert.Equal(form.IsForThatAlone, target["alone"].Success);
        // What a form says that it needs is what it uses.
        Assert.Equal(form.NeedsGroups, ptx.Contains("bar.sync", StringComparison.Ordinal));
        Assert.Equal(form.NeedsGroups, ptx.Contains(".shared", StringComparison.Ordinal));
        Assert.Equal(
            form.GroupsAtOnce is { } groups ? [$".maxntid {form.GroupSize}, 1, 1", $".minnctapersm {groups}"] : [],
            Bounds().Matches(ptx).Select(match => match.Value));
        if (form.CudaArchitecture is null)
        {
            // Many OpenCL devices have no more.
            Assert.InRange(SharedBytes().Matches(ptx).Sum(match => int.Parse(match.Groups["bytes"].ValueSpan, CultureInfo.InvariantCulture)), 0, 32 << 10);
        }

        // The first with this instruction is sm_61.
        Assert.True(architecture > 60 || !ptx.Contains("dp4a", StringComparison.Ordinal));
        // ILGPU makes a float of an unsigned number by way of a double, which many GPUs are slow at.
        Assert.DoesNotContain(".f64", ptx, StringComparison.Ordinal);
        // So a form with an instruction that the machine lacks fails here, not first in its own test.
        Assert.True(PtxKernel.Parse(ptx).ParameterBytes > 0);
    }

    private static void CheckOpenCl(KernelForm form, string source)
    {
        // Groups exchange data in local memory, so that is what each barrier orders.
        // The functions of waves, before it, have some for emulation.
        string kernel = form.NeedsWaves ? source[source.IndexOf("kernel void", StringComparison.Ordinal)..] : source;
        string[] fences = [.. Barriers().Matches(kernel).Select(match => match.Groups["fence"].Value)];
        Assert.Equal(form.NeedsGroups, fences.Length > 0);
        Assert.All(fences, fence => Assert.Equal("CLK_LOCAL_MEM_FENCE", fence));
        // No generic pointers, no subgroups.
        Assert.DoesNotContain("__generic", source, StringComparison.Ordinal);
        Assert.DoesNotContain("sub_group", kernel, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\bhalf\b", kernel);
    }

    private static KernelForm Form(string name) => KernelCatalog.All.Single(form => form.Name == name);

    [GeneratedRegex(@"\.(maxntid|minnctapersm) [\d, ]+\b")]
    private static partial Regex Bounds();

    [GeneratedRegex(@"\.shared .*\[(?<bytes>\d+)\];")]
    private static partial Regex SharedBytes();

    [GeneratedRegex(@"barrier\s*\(\s*(?<fence>[^)]*?)\s*\)")]
    private static partial Regex Barriers();

    [GeneratedRegex("\\.target sm_(?<least>\\d+)(?<alone>a)?")]
    private static partial Regex TargetPattern();
}
