using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// The machine code that clang makes of OpenCL forms for AMD's GPUs: registers, no scratch memory, the instructions that were
/// meant, and a wait at each barrier. Skipped where clang or ROCm's device libraries are absent.
/// </summary>
public sealed partial class AmdMachineCodeTests(SharedCode shared, AmdTools tools)
    : IClassFixture<SharedCode>, IClassFixture<AmdTools>
{
    private const string Rdna3 = "gfx1100";
    private const string Cdna3 = "gfx942";

    // One of each kind, for both wave sizes, in the plain command.
    private static readonly string[] Representative =
    [
        "MatVecGroup<BFloat16, Assign>", "BlockMatVecGroup<Q4_K, Int8Input, Assign>", "MatMulTile<Float16, Assign>",
        "AttendGroup<Float16, HeadOf128>", "DecodeAttendGroup<Float16, HeadOf128>", "RmsNormGroup", "ChooseGroup",
        "Rope<Float16>", "SwiGlu",
    ];

    public static TheoryData<string, string> Compiled
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var form in KernelCatalog.All.Where(IsForAnyGpu))
            {
                // Forms without groups are for CPUs too, and those that add differ from the others by one load.
                bool isForAll = (form.NeedsGroups || form.NeedsWaves) && !form.Name.Contains("AddToResidual", StringComparison.Ordinal);
                foreach (string gpu in AmdGpu.Known.Select(gpu => gpu.Name))
                {
                    bool isRepresentative = gpu is Rdna3 or Cdna3 && Representative.Contains(form.Name);
                    if (isForAll || isRepresentative || gpu == Rdna3)
                    {
                        var row = new TheoryDataRow<string, string>(form.Name, gpu);
                        data.Add(isRepresentative ? row : Needs.Long(row));
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Compiled))]
    public void Form_CompiledForAnAmdGpu_UsesNoScratchAndWaitsAtBarriers(string kernel, string gpu)
    {
        var (form, source, resources, code) = Compile(kernel, gpu);
        Assert.Equal(0, resources.ScratchBytes);
        Assert.False(resources.CallsFunctions);
        Assert.InRange(resources.Vgprs + resources.Agprs, 1, 256);
        Assert.InRange(resources.LocalBytes, 0, 48 << 10);
        // Libraries of ROCm 7 wait for no more than the fence says, so the text must name local memory.
        Assert.All(Barriers().Matches(source), barrier => Assert.Equal("CLK_LOCAL_MEM_FENCE", barrier.Groups["fence"].Value));
        Assert.Equal(form.NeedsGroups, code.Instructions.Any(instruction => instruction.IsBarrier));
        Assert.Empty(code.BarriersWithoutWait);
    }

    // What LLVM makes of the simplest forms, which wave forms must beat: 16-byte loads, and products of four where it finds them.
    [Theory]
    [InlineData("MatVecGroup<BFloat16, Assign>", Rdna3, 16, 0, 0, 48, 16)]
    [InlineData("MatVecGroup<BFloat16, Assign>", Cdna3, 16, 0, 0, 64, 8)]
    [InlineData("BlockMatVecGroup<Q8_0, Int8Input, Assign>", Rdna3, 16, 8, 0, 64, 16)]
    [InlineData("BlockMatVecGroup<Q8_0, Int8Input, Assign>", Cdna3, 16, 8, 0, 64, 8)]
    public void GroupForm_MainLoop_LoadsWidelyAndMultipliesInFours(
        string kernel, string gpu, int bytes, int dots, int fmas, int vgprs, int waves)
    {
        var (_, _, resources, code) = Compile(kernel, gpu);
        Assert.InRange(resources.Vgprs, 1, vgprs);
        Assert.Equal(waves, resources.Waves);
        var loop = code.Loops.MaxBy(loop => loop.Sum(instruction => instruction.LoadedBytes))!;
        Assert.Equal(bytes, loop.Max(instruction => instruction.LoadedBytes));
        Assert.InRange(loop.Count(instruction => instruction.IsDot), dots, int.MaxValue);
        Assert.InRange(loop.Count(instruction => instruction.IsFma), fmas, int.MaxValue);
    }

    // Row forms of CPUs keep a tile of keys in an array, which GPUs are not given.
    private static bool IsForAnyGpu(KernelForm form) => form.IsForOpenCl && !form.NeedsLanes
        && !form.Name.Contains("LaneTiles<", StringComparison.Ordinal);

    private (KernelForm Form, string Source, AmdResources Resources, AmdAssembly Code) Compile(string kernel, string gpu)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var amdgcn = tools.Get();
        string source = shared.Code.OpenCl(form, form.NeedsWaves ? tools.WavesOf(AmdGpu.Of(gpu)!) : WaveFeatures.None);
        var (resources, assembly) = amdgcn.Compile(source, AmdGpu.Of(gpu)!);
        return (form, source, resources, AmdAssembly.Parse(assembly));
    }

    [GeneratedRegex(@"barrier\s*\(\s*(?<fence>[^)]*?)\s*\)")]
    private static partial Regex Barriers();
}
