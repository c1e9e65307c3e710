using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels.Attention.Amd;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products;
using Mistral.Ilgpu.Kernels.Products.Matrix;
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

    // For both wave sizes, in the plain command; the tests below add others.
    private static readonly string[] Representative =
        ["MatMulTile<Float16, Assign>", "AttendGroup<Float16, HeadOf128>", "RmsNormGroup", "RmsNormWarp<AlsoInt8>"];

    public static TheoryData<string, string> Compiled
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var form in KernelCatalog.All.Where(IsForAnyGpu))
            {
                // Forms without groups are for CPUs too, and those that add differ from the others by one load.
                bool isForAll = (form.NeedsGroups || form.NeedsWaves) && !form.Name.Contains("AddToResidual", StringComparison.Ordinal);
                foreach (string gpu in AmdGpu.Known.Select(gpu => gpu.Name).Where(gpu => IsFor(form, gpu)))
                {
                    bool isRepresentative = gpu is Rdna3 or Cdna3 && Representative.Contains(form.Name);
                    if (isForAll || isRepresentative || gpu == Rdna3 || form.IsForAmd)
                    {
                        var row = new TheoryDataRow<string, string>(form.Name, gpu);
                        data.Add(isRepresentative ? row : Needs.ByHand(row));
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Compiled))]
    public void Form_CompiledForAnAmdGpu_UsesNoScratchAndWaitsAtBarriers(string kernel, string gpu) => Compile(kernel, gpu);

    // What LLVM makes of the simplest forms, which wave forms must beat: 16-byte loads, and products of four where it finds them.
    [Theory]
    [InlineData("MatVecGroup<BFloat16, Assign>", Rdna3, 16, 0, 0, 48, 16)]
    [InlineData("MatVecGroup<BFloat16, Assign>", Cdna3, 16, 0, 0, 64, 8, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecGroup<Q8_0, Int8Input, Assign>", Rdna3, 16, 8, 0, 64, 16,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecGroup<Q8_0, Int8Input, Assign>", Cdna3, 16, 8, 0, 64, 8)]
    public void GroupForm_MainLoop_LoadsWidelyAndMultipliesInFours(
        string kernel, string gpu, int bytes, int dots, int fmas, int vgprs, int waves)
    {
        var (_, resources, code) = Compile(kernel, gpu);
        Assert.InRange(resources.Vgprs, 1, vgprs);
        Assert.Equal(waves, resources.Waves);
        var loop = code.Loops.MaxBy(loop => loop.Sum(instruction => instruction.LoadedBytes))!;
        Assert.Equal(bytes, loop.Max(instruction => instruction.LoadedBytes));
        Assert.InRange(loop.Count(instruction => instruction.IsDot), dots, int.MaxValue);
        Assert.InRange(loop.Count(instruction => instruction.IsFma), fmas, int.MaxValue);
    }

    // Products of blocks in waves: weights and activations 16 bytes at a time, four products in an instruction, nothing through
    // local memory but what is made once for a group. Two groups at least fill a SIMD, so that one loads while another computes.
    [Theory]
    [InlineData("BlockMatVecWarp<Q4_0, AddToResidual>", Rdna3, 96, 12, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecWarp<Q4_0, AddToResidual>", Cdna3, 96, 5, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecWarp<Q4_K, AddToResidual>", Rdna3, 128, 10)]
    [InlineData("BlockMatVecWarp<Q4_K, AddToResidual>", Cdna3, 128, 4, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecNormed<Q6_K>", Rdna3, 96, 12, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecNormed<Q6_K>", Cdna3, 96, 4)]
    public void WaveForm_MainLoop_LoadsWidelyAndMultipliesInFours(string kernel, string gpu, int vgprs, int waves)
    {
        var (form, resources, code) = Compile(kernel, gpu);
        Assert.InRange(resources.Vgprs, 1, vgprs);
        Assert.InRange(resources.Waves, waves, AmdGpu.Of(gpu)!.Waves);
        var round = MainRound.Of(code, KernelViews.Of(form), resources.WaveSize)!;
        Assert.InRange(round.Sum(instruction => instruction.IsDot, _ => 1), 8, int.MaxValue);
        Assert.InRange(round.Sum(instruction => instruction.LoadedBytes == 16, _ => 1), 2, int.MaxValue);
        // A product that LLVM did not find four of would be one of two bytes.
        Assert.Equal(0, round.Sum(instruction => instruction.Name.StartsWith("v_mul_i32_i24", StringComparison.Ordinal), _ => 1));
        Assert.Equal(0, round.Sum(instruction => instruction.IsBarrier, _ => 1));
    }

    // Attention of decoded tokens: eight keys or values to a load, sums by fused multiplications alone. Two groups of CDNA have room
    // in a compute unit where heads have 128 elements, and more of RDNA; one at least where they have 256.
    [Theory]
    [InlineData("DecodeAttendWave<EightHalves, Pack, HeadOf128>", Rdna3, 128, 12, 14)]
    [InlineData("DecodeAttendWave<EightHalves, Pack, HeadOf128>", Cdna3, 168, 3, 14,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("DecodeAttendWave<EightQuants, EightBytes, HeadOf128>", Rdna3, 192, 8, 14,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("DecodeAttendWave<EightQuants, EightBytes, HeadOf128>", Cdna3, 168, 3, 14,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("DecodeAttendWave<EightBFloats, Pack, HeadOf256>", Rdna3, 192, 8, 23,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("DecodeAttendWave<EightBFloats, Pack, HeadOf256>", Cdna3, 256, 2, 23,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    public void DecodedAttention_Compiled_KeepsOutputsInRegistersAndLoadsEights(
        string kernel, string gpu, int vgprs, int waves, int kibibytes)
    {
        var (_, resources, code) = Compile(kernel, gpu);
        Assert.InRange(resources.Vgprs, 64, vgprs);
        Assert.InRange(resources.Waves, waves, AmdGpu.Of(gpu)!.Waves);
        Assert.InRange(resources.LocalBytes, 1, kibibytes << 10);
        // Eights of keys, then of values are on their way at once. An instruction of CDNA does two multiplications.
        int bytes = kernel.Contains("Quants", StringComparison.Ordinal) ? 8 : 16;
        Assert.InRange(code.Instructions.Count(instruction => instruction.LoadedBytes == bytes), 16, int.MaxValue);
        Assert.InRange(code.Instructions.Count(instruction => instruction.IsFma), 16 * 8, int.MaxValue);
    }

    // Decoding: bytes of weights that a lane has of a round, and the most of the slots at the memory's full rate that it takes.
    // Those are the vector unit's, and all if no two kinds of instructions are issued together. The goal is 0.6 of each, which
    // Q2_K and Q3_K miss on CDNA3 in the second.
    [Theory]
    [InlineData("BlockMatVecWarp<Q2_K, AddToResidual>", Cdna3, 4 * 10.5, 0.55, 0.7)]
    [InlineData("BlockMatVecWarp<Q2_K, AddToResidual>", Rdna3, 4 * 10.5, 0.3, 0.4,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecWarp<Q3_K, AddToResidual>", Cdna3, 4 * 13.75, 0.6, 0.77,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecNormed<Q3_K>", Cdna3, 4 * 13.75, 0.6, 0.77,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockSwiGluNormed<Q3_K>", Cdna3, 4 * 13.75, 0.6, 0.77)]
    [InlineData("BlockMatVecWarp<IQ4_XS, AddToResidual>", Cdna3, 4 * 17, 0.53, 0.6,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecWarp<Q5_0, AddToResidual>", Cdna3, 4 * 22, 0.45, 0.5,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatVecWarp<Q4_K, AddToResidual>", Cdna3, 4 * 18, 0.32, 0.42,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("MatVecWarp<Float8, AddToResidual>", Cdna3, 4 * 16, 0.41, 0.48)]
    [InlineData("MatVecWarp<Float8, AddToResidual>", Rdna3, 4 * 16, 0.22, 0.28,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("MatVecWarp<Float16, AddToResidual>", Cdna3, 4 * 16, 0.15, 0.2,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    public void WaveForm_MainLoop_LeavesSlotsAtTheMemorysFullRate(
        string kernel, string gpu, double bytes, double vector, double all)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var rates = AmdRates.Known.Single(rates => rates.Gpu.Name == gpu);
        var slots = IssueSlots.Of(form, shared.Code.OpenCl(form, tools.WavesOf(rates.Gpu)), rates, tools.Get())!;
        Assert.Equal(bytes * rates.Gpu.WaveSize, slots.Bytes);
        Assert.InRange(slots.VectorShare!.Value, 0, vector);
        Assert.InRange(slots.Share!.Value, slots.VectorShare.Value, all);
    }

    // Products of prompts. Two waves a SIMD of CDNA, eight of RDNA3 and RDNA4 is what 32 KiB of local memory a group lets in.
    [Theory]
    [InlineData("MatMulWave<Wmma<BFloat16Pairs>, ElementWaveTiles, Assign>", Rdna3, 16, 192)]
    [InlineData("MatMulWave<Wmma12<Float16Pairs>, BlockWaveTiles<Q4_K>, GateWithSilu>", "gfx1201", 16, 192,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("MatMulWave<Mfma<BFloat16Pairs>, ElementWaveTiles, Assign>", "gfx90a", 32, 256,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("MatMulWave<Mfma<Float16Pairs>, BlockWaveTiles<Q4_K>, GateWithSilu>", Cdna3, 32, 256)]
    [InlineData("MatMulWave<LaneProducts<Float16Pairs>, BlockWaveTiles<Q4_K>, GateWithSilu>", "gfx1030", 1024, 256,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    public void MatrixForm_MainLoop_LoadsPiecesAndMultiplies(string kernel, string gpu, int products, int registers)
    {
        var (_, resources, code) = Compile(kernel, gpu);
        Assert.InRange(resources.Vgprs, 64, registers);
        Assert.Equal(0, resources.Agprs);
        Assert.Equal(32 << 10, resources.LocalBytes);
        var loop = code.Loops.MaxBy(loop => loop.Count(instruction => instruction.IsMatrix || instruction.IsDot))!;
        Assert.Equal(products, loop.Count(instruction => instruction.IsMatrix || instruction.IsDot));
        Assert.All(loop.Where(instruction => instruction.IsLocal), instruction => Assert.EndsWith("_b128", instruction.Name, StringComparison.Ordinal));
        Assert.All(loop.Where(instruction => instruction.LoadedBytes > 0), instruction => Assert.Equal(16, instruction.LoadedBytes));
    }

    // Prompts on matrix cores: tokens × rows × columns that one instruction multiplies, and the part of a round's cycles that
    // they take, with a slot for every other instruction. Half is the goal. RDNA4's rate is not among those that are calculated
    // with.
    [Theory]
    [InlineData(typeof(Wmma<BFloat16Pairs>), typeof(ElementWaveTiles), Rdna3, "v_wmma_f32_16x16x16_bf16", 0.5,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Wmma<Float16Pairs>), typeof(BlockWaveTiles<Q4_K>), Rdna3, "v_wmma_f32_16x16x16_f16", 0.5)]
    [InlineData(typeof(Wmma12<BFloat16Pairs>), typeof(ElementWaveTiles), "gfx1201", "v_wmma_f32_16x16x16_bf16", null,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Wmma12<Float16Pairs>), typeof(BlockWaveTiles<Q4_K>), "gfx1201", "v_wmma_f32_16x16x16_f16", null,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Mfma<BFloat16Pairs>), typeof(ElementWaveTiles), Cdna3, "v_mfma_f32_32x32x8", 0.6,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Mfma<Float16Pairs>), typeof(BlockWaveTiles<Q4_K>), Cdna3, "v_mfma_f32_32x32x8", 0.5)]
    public void MatrixForm_MainLoop_IsMostlyMatrixInstructions(
        Type core, Type weights, string gpu, string instruction, double? share)
    {
        var (form, resources, code) = Compile(
            new KernelForm(typeof(MatMulWave<,,>).MakeGenericType(core, weights, typeof(Assign))), gpu);
        var round = MainRound.Of(code, KernelViews.Of(form), resources.WaveSize)!;
        Assert.InRange(round.Sum(one => one.IsMatrix, _ => 1), 8, int.MaxValue);
        Assert.All(
            code.Instructions.Where(one => one.IsMatrix), one => Assert.StartsWith(instruction, one.Name, StringComparison.Ordinal));
        if (share is { } least)
        {
            var rates = AmdRates.Known.Single(rates => rates.Gpu.Name == gpu);
            double matrices = round.Sum(one => one.IsMatrix, one => IssueSlots.CyclesOf(one, rates));
            Assert.InRange(matrices / round.Sum(_ => true, one => IssueSlots.CyclesOf(one, rates)), least, 1);
        }
    }

    // Attention of prompts: 32 keys × 16 queries × 128 elements, twice, in 32 instructions of RDNA, and twice as many queries in as
    // many of CDNA. Eight waves a SIMD of RDNA and two of CDNA is what 16 KiB of local memory a group of 128 lets in. The part of
    // a round's cycles that matrix instructions take counts both sides of its branches: for keys in two places, for masked ones.
    [Theory]
    [InlineData(typeof(Wmma<Float16Pairs>), typeof(HalfPieces), Rdna3, 192, 0.5)]
    [InlineData(typeof(Wmma<BFloat16Pairs>), typeof(HalfPieces), Rdna3, 192, 0.5,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Wmma<Float16Pairs>), typeof(QuantPieces), Rdna3, 192, 0.3,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Wmma12<Float16Pairs>), typeof(HalfPieces), "gfx1201", 192, null,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Mfma<BFloat16Pairs>), typeof(HalfPieces), "gfx90a", 192, null,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData(typeof(Mfma<Float16Pairs>), typeof(HalfPieces), Cdna3, 192, 0.25,
        Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    public void MatrixAttention_MainLoop_LoadsPiecesAndMultiplies(
        Type core, Type pieces, string gpu, int registers, double? share)
    {
        var (form, resources, code) = Compile(
            KernelCatalog.All.Single(form => form.Kernel.GetGenericArguments() is [var first, var second, _, _, var room]
                && first == core && second == pieces && room == typeof(HeadOf128)),
            gpu);
        Assert.InRange(resources.Vgprs, 64, registers);
        Assert.Equal(0, resources.Agprs);
        Assert.Equal(16 << 10, resources.LocalBytes);
        var round = MainRound.Of(code, KernelViews.Of(form), resources.WaveSize)!;
        Assert.Equal(32, round.Sum(one => one.IsMatrix, _ => 1));
        Assert.All(
            code.Instructions.Where(one => one.Name.StartsWith("ds_load", StringComparison.Ordinal)
                || one.Name.StartsWith("ds_read", StringComparison.Ordinal)),
            one => Assert.EndsWith("_b128", one.Name, StringComparison.Ordinal));
        Assert.InRange(round.Sum(one => one.LoadedBytes == (pieces == typeof(HalfPieces) ? 16 : 8), _ => 1), 8, 12);
        if (share is { } least)
        {
            var rates = AmdRates.Known.Single(rates => rates.Gpu.Name == gpu);
            double matrices = round.Sum(one => one.IsMatrix, one => IssueSlots.CyclesOf(one, rates));
            Assert.InRange(matrices / round.Sum(_ => true, one => IssueSlots.CyclesOf(one, rates)), least, 1);
        }
    }

    // Row forms of CPUs keep a tile of keys in an array, which GPUs are not given.
    private static bool IsForAnyGpu(KernelForm form) => form.IsForOpenCl && !form.NeedsLanes
        && !form.Name.Contains("LaneTiles<", StringComparison.Ordinal);

    // Products of lanes are for GPUs without matrix cores.
    private static bool IsFor(KernelForm form, string gpu) => MatrixCores.NeededBy(form) switch
    {
        WaveFeatures.Wmma => gpu.StartsWith("gfx11", StringComparison.Ordinal),
        WaveFeatures.Wmma12 => gpu.StartsWith("gfx12", StringComparison.Ordinal),
        WaveFeatures.Mfma => gpu.StartsWith("gfx9", StringComparison.Ordinal),
        _ => !form.IsForAmd || !form.NeedsGroups || gpu.StartsWith("gfx10", StringComparison.Ordinal),
    };

    // Compiles a form and checks what holds for every form.
    private (KernelForm Form, AmdResources Resources, AmdAssembly Code) Compile(string kernel, string gpu) =>
        Compile(KernelCatalog.All.Single(form => form.Name == kernel), gpu);

    private (KernelForm Form, AmdResources Resources, AmdAssembly Code) Compile(KernelForm form, string gpu)
    {
        var amdgcn = tools.Get();
        string source = shared.Code.OpenCl(form, form.NeedsWaves ? tools.WavesOf(AmdGpu.Of(gpu)!) : WaveFeatures.None);
        var (resources, assembly) = amdgcn.Compile(source, AmdGpu.Of(gpu)!);
        var code = AmdAssembly.Parse(assembly);
        Assert.Equal(0, resources.ScratchBytes);
        Assert.False(resources.CallsFunctions);
        Assert.InRange(resources.Vgprs + resources.Agprs, 1, resources.Agprs > 0 ? 512 : 256);
        Assert.InRange(resources.LocalBytes, 0, 48 << 10);
        // Libraries of ROCm 7 wait for no more than the fence says, so the text must name local memory.
        Assert.All(Barriers().Matches(source), barrier => Assert.Equal("CLK_LOCAL_MEM_FENCE", barrier.Groups["fence"].Value));
        Assert.Equal(form.NeedsGroups, code.Instructions.Any(instruction => instruction.IsBarrier));
        Assert.Empty(code.BarriersWithoutWait);
        return (form, resources, code);
    }

    [GeneratedRegex(@"\bbarrier\s*\(\s*(?<fence>[^)]*?)\s*\)")]
    private static partial Regex Barriers();
}
