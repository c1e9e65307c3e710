using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Issue slots: which loads are of weights, how often loops run, and the cycles of instructions.</summary>
public sealed partial class IssueSlotsTests(SharedCode shared, AmdTools tools)
    : IClassFixture<SharedCode>, IClassFixture<AmdTools>
{
    // Weights are view 0 and activations view 1. The address of the weights moves from register to register, and the inner loop
    // runs four times.
    private const string Program = """
        ; %bb.0:
        	s_load_b32 s8, s[0:1], 0x28
        	s_load_b128 s[4:7], s[0:1], 0x0
        	s_mov_b32 s9, 0
        	v_lshlrev_b32_e32 v1, 4, v0
        	v_add_co_u32 v2, s2, s4, v1
        	v_add_co_ci_u32_e64 v3, null, s5, 0, s2
        .LBB0_1:                                ; =>This Loop Header: Depth=1
                                                ;     Child Loop BB0_2 Depth 2
        	global_load_b128 v[4:7], v[2:3], off
        	global_load_b64 v[8:9], v1, s[6:7]
        	s_mov_b64 s[10:11], 0
        .LBB0_2:                                ;   Parent Loop BB0_1 Depth=1
                                                ; =>  This Inner Loop Header: Depth=2
        	v_dot4_i32_iu8 v10, v4, v8, v10 neg_lo:[1,1,0]
        	s_add_u32 s10, s10, 4
        	s_cmp_eq_u32 s10, 16
        	s_cbranch_scc0 .LBB0_2
        ; %bb.3:                                ;   in Loop: Header=BB0_1 Depth=1
        	v_rcp_f32_e32 v11, v10
        	v_add_co_u32 v2, vcc_lo, 0x200, v2
        	v_add_co_ci_u32_e32 v3, vcc_lo, 0, v3, vcc_lo
        	s_add_u32 s9, s9, 1
        	s_cmp_lg_u32 s9, s8
        	s_cbranch_scc1 .LBB0_1
        ; %bb.4:
        	global_store_b32 v1, v10, s[6:7]
        	s_endpgm
        """;

    private static readonly AmdRates Rdna3 = AmdRates.Known.Single(rates => rates.Gpu == AmdGpu.Gfx1100);
    private static readonly AmdRates Cdna3 = AmdRates.Known.Single(rates => rates.Gpu == AmdGpu.Gfx942);

    [Fact]
    public void Loads_OfAProgram_NameTheirViews()
    {
        var loads = AmdLoads.Of(AmdAssembly.Parse(Program), views: 2, waveSize: 32);
        Assert.Equal(
            [("BB0_1", 512, 1UL), ("BB0_1", 256, 2UL)], loads.Select(load => (load.Block.Label, load.Bytes, load.Views)));
    }

    // On gfx90a the address of the arguments comes behind four other registers.
    [Fact]
    public void Loads_WhereTheArgumentsLieElsewhere_NameTheirViews()
    {
        string moved = Program.Replace("s[0:1]", "s[4:5]", StringComparison.Ordinal)
            + "\n\t.amdhsa_user_sgpr_private_segment_buffer 1";
        var loads = AmdLoads.Of(AmdAssembly.Parse(moved), views: 2, waveSize: 64);
        Assert.Equal([1024, 512], loads.Select(load => load.Bytes));
        Assert.Equal([1UL, 2UL], loads.Select(load => load.Views));
    }

    // What is loaded of a view is no address, and either way to the load may have set its address.
    [Fact]
    public void Loads_AfterABranch_HaveTheViewsOfBothWays()
    {
        const string Branches = """
            ; %bb.0:
            	s_load_b128 s[4:7], s[0:1], 0x0
            	global_load_b32 v4, v0, s[4:5]
            	s_load_b64 s[8:9], s[0:1], 0x10
            	s_cbranch_scc1 .LBB0_2
            ; %bb.1:
            	s_mov_b64 s[4:5], s[6:7]
            .LBB0_2:
            	global_load_b32 v5, v4, s[4:5]
            	global_load_b32 v6, v4, s[8:9]
            	s_load_b64 s[2:3], s[8:9], 0x0
            	s_endpgm
            """;
        var loads = AmdLoads.Of(AmdAssembly.Parse(Branches), views: 3, waveSize: 32);
        Assert.Equal([1UL, 3UL, 4UL, 4UL], loads.Select(load => load.Views));
        // What all lanes share is loaded once.
        Assert.Equal([128, 128, 128, 8], loads.Select(load => load.Bytes));
    }

    // The register of a carry may have held an address before.
    [Fact]
    public void Loads_BehindAProductWithCarry_HaveNoViewOfItsRegister()
    {
        const string Product = """
            ; %bb.0:
            	s_load_b128 s[4:7], s[0:1], 0x0
            	v_mad_u64_u32 v[2:3], s[4:5], v0, 3, 0
            	v_lshl_add_u64 v[2:3], v[2:3], 0, s[6:7]
            	global_load_dwordx4 v[4:7], v[2:3], off
            	s_endpgm
            """;
        Assert.Equal([2UL], AmdLoads.Of(AmdAssembly.Parse(Product), views: 2, waveSize: 64).Select(load => load.Views));
    }

    // Neither a register that the round does not write nor a constant has weights.
    [Fact]
    public void Bytes_OfARoundThatMultipliesByABias_AreThoseOfTheOtherProducts()
    {
        const string Product = "	v_dot4_i32_iu8 v10, v4, v8, v10 neg_lo:[1,1,0]";
        string biased = Program.Replace(
            Product, $"{Product}\n\tv_dot4_i32_iu8 v10, v20, v8, v10\n\tv_dot4_i32_iu8 v10, 0xfcfcfcfc, v8, v10",
            StringComparison.Ordinal);
        KernelView[] views = [new(["Weights", "Quants"]), new(["Input", "Quads"])];
        var round = MainRound.Of(AmdAssembly.Parse(biased), views, waveSize: 32)!;
        Assert.Equal(12, round.Sum(instruction => instruction.IsDot, _ => 1));
        Assert.Equal(4 * 4 * 32 * 34.0 / 32, round.BytesOf(Form("BlockMatVecGroup<Q8_0, Int8Input, Assign>")));
    }

    [Theory]
    [InlineData("s_mov_b32 s10, 0", "s_add_i32 s10, s10, 1", "s_cmp_lg_u32 s10, 0x20", 32)]
    [InlineData("s_mov_b64 s[10:11], 64", "s_add_i32 s10, s10, -8", "s_cmp_eq_u32 s10, 0", 8)]
    [InlineData("s_mov_b32 s10, 0", "s_addk_i32 s10, 0x100", "s_cmpk_lg_i32 s10, 0x400", 4)]
    [InlineData("s_mov_b32 s10, s3", "s_add_i32 s10, s10, 1", "s_cmp_lg_u32 s10, 4", null)]
    [InlineData("s_mov_b32 s10, 0", "s_add_i32 s10, s10, 1", "s_cmp_lg_u32 s10, s3", null)]
    [InlineData("s_mov_b32 s10, 0", "s_add_i32 s10, s10, 3", "s_cmp_lg_u32 s10, 4", null)]
    [InlineData("s_mov_b32 s10, 0", "s_add_i32 s11, s11, 1", "s_cmp_lg_u32 s10, 4", null)]
    public void Trips_OfALoop_AreItsConstant(string start, string step, string comparison, int? trips)
    {
        var code = AmdAssembly.Parse($"""
            ; %bb.0:
            	{start}
            .LBB0_1:                                ; =>This Inner Loop Header: Depth=1
            	{step}
            	{comparison}
            	s_cbranch_scc1 .LBB0_1
            ; %bb.2:
            	s_endpgm
            """);
        Assert.Equal(trips, AmdTrips.Of(code, "BB0_1"));
    }

    [Fact]
    public void MainRound_OfNestedLoops_CountsTheInnerOneAsOftenAsItRuns()
    {
        var form = Form("BlockMatVecGroup<Q8_0, Int8Input, Assign>");
        KernelView[] views = [new(["Weights", "Quants"]), new(["Input", "Quads"])];
        var round = MainRound.Of(AmdAssembly.Parse(Program), views, waveSize: 32)!;
        Assert.Equal(9 + (4 * 4), round.Sum(_ => true, _ => 1));
        Assert.Equal(4, round.Sum(instruction => instruction.IsDot, _ => 1));
        // Four products of four weights in each lane, at 34 bytes for 32.
        Assert.Equal(4 * 4 * 32 * 34.0 / 32, round.BytesOf(form));
        // Of elements, what is loaded.
        Assert.Equal(512, round.BytesOf(Form("MatVecGroup<Float32, Assign>")));
        Assert.Null(MainRound.Of(AmdAssembly.Parse(Program), [.. views.Skip(1)], waveSize: 32));
    }

    [Theory]
    [InlineData("v_add_f32_e32", 1, 4)]
    [InlineData("v_rcp_f32_e32", 4, 16)]
    [InlineData("v_mul_lo_u32", 4, 16)]
    [InlineData("v_mul_i32_i24_e32", 1, 4)]
    [InlineData("v_cvt_f32_i32_e32", 1, 16)]
    [InlineData("v_cvt_f32_f16_sdwa", 1, 16)]
    [InlineData("v_cvt_f16_f32_e32", 1, 16)]
    [InlineData("v_cvt_f32_ubyte3_e32", 1, 4)]
    [InlineData("v_cvt_pkrtz_f16_f32", 1, 4)]
    [InlineData("v_wmma_f32_16x16x16_bf16", 32, null)]
    [InlineData("v_wmma_i32_16x16x16_iu8", 32, null)]
    [InlineData("v_mfma_f32_32x32x8_bf16_1k", null, 32)]
    [InlineData("v_mfma_f32_32x32x8bf16_1k", null, 32)]
    [InlineData("v_mfma_f32_16x16x16_f16", null, 16)]
    [InlineData("v_mfma_i32_32x32x16_i8", null, 32)]
    public void Cycles_OfAnInstruction_AreWhatItsMakerSays(string name, int? rdna3, int? cdna3)
    {
        if (rdna3 is not null)
        {
            Assert.Equal(rdna3.Value, IssueSlots.CyclesOf(new AmdInstruction(name, ""), Rdna3));
        }

        if (cdna3 is not null)
        {
            Assert.Equal(cdna3.Value, IssueSlots.CyclesOf(new AmdInstruction(name, ""), Cdna3));
        }
    }

    [Fact]
    public void Cycles_OfAMatrixInstructionOfAnotherShape_AreRefused() => Assert.Contains(
        "'v_mfma_f32_4x4x4_16b_f16'", Assert.Throws<InvalidDataException>(
            () => IssueSlots.CyclesOf(new AmdInstruction("v_mfma_f32_4x4x4_16b_f16", ""), Cdna3)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Rates_OfMatrixCores_AreThePublishedTeraflops()
    {
        Assert.Equal(122.9, Rdna3.Teraflops, 0.1);
        Assert.Equal(1307.4, Cdna3.Teraflops, 0.1);
    }

    // 100 instructions of one cycle for 576 bytes: 960 GB/s are 1.67 G rounds/s, and 480 G cycles/s serve 4.8 G.
    [Fact]
    public void Share_OfARound_IsItsCyclesOverThoseOfItsBytes()
    {
        var slots = new IssueSlots(Rdna3, new AmdResources(32, 0, 32, 0, 0, 32, 16, false), 100, 100, 60, 15, 576);
        Assert.Equal(960.0 / 576 * 100 / 480, slots.Share!.Value, 1e-9);
        Assert.Equal(0.6, slots.VectorShare!.Value / slots.Share!.Value, 1e-9);
        Assert.Equal(0.15, slots.MatrixShare, 1e-9);
        Assert.Null((slots with { Bytes = null }).Share);
    }

    // A run of 32 weights to a lane, or 16 bytes of elements.
    [Theory]
    [InlineData("BlockMatVecGroup<Q8_0, Int8Input, Assign>", 34)]
    [InlineData("BlockMatVecGroup<Q6_K, Int8Input, Assign>", 26.25)]
    [InlineData("MatVecGroup<Float8, Assign>", 16)]
    public void Bytes_OfAGroupForm_AreThoseOfItsRow(string kernel, double bytes)
    {
        var amdgcn = tools.Get();
        foreach (var gpu in AmdRates.Known)
        {
            var slots = IssueSlots.Of(Form(kernel), shared.Code.OpenCl(Form(kernel)), gpu, amdgcn)!;
            Assert.Equal(bytes * gpu.Gpu.WaveSize, slots.Bytes);
            Assert.InRange(slots.Share!.Value, slots.VectorShare!.Value, 3);
        }
    }

    [Theory]
    [InlineData("MatVecGroup<Float8, Assign>", 0)]
    [InlineData("BlockMatVecGroup<Q4_K, Int8Input, Assign>", 0, 1)]
    [InlineData("AttendGroup<Float16, HeadOf128>", 3, 4, 5, 6, 7, 8, 9, 10)]
    [InlineData("SwiGlu")]
    public void Views_OfAForm_AreItsPointersInOpenCl(string kernel, params int[] streamed)
    {
        var form = Form(kernel);
        var views = KernelViews.Of(form);
        Assert.Equal(Pointers().Count(shared.Code.OpenCl(form)), views.Count);
        Assert.Equal(streamed, views.Index().Where(view => view.Item.IsStreamed).Select(view => view.Index));
    }

    private static KernelForm Form(string name) => KernelCatalog.All.Single(form => form.Name == name);

    [GeneratedRegex(@"\bview_\d+,")]
    private static partial Regex Pointers();
}
