using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Loops, loads and waits of short programs that are written as LLVM writes them.</summary>
public sealed class AmdAssemblyTests
{
    // Inside of an outer loop an inner one, whose second block LLVM has moved behind the outer one's end.
    private const string Nested = """
        Kernel_Run:                             ; @Kernel_Run
        ; %bb.0:
        	s_load_b64 s[0:1], s[2:3], 0x0
        .LBB0_1:                                ; =>This Loop Header: Depth=1
                                                ;     Child Loop BB0_2 Depth 2
        	v_mov_b32_e32 v1, 0
        .LBB0_2:                                ;   Parent Loop BB0_1 Depth=1
                                                ; =>  This Inner Loop Header: Depth=2
        	global_load_b128 v[2:5], v0, s[0:1]
        	v_cmpx_gt_u32_e64 v1, v0
        	s_cbranch_execnz .LBB0_4
        ; %bb.3:                                ;   in Loop: Header=BB0_1 Depth=1
        	s_cbranch_scc1 .LBB0_1
        	s_branch .LBB0_5
        .LBB0_4:                                ;   in Loop: Header=BB0_2 Depth=2
        	global_load_u16 v6, v0, s[0:1]
        	v_dual_fmac_f32 v1, v2, v3 :: v_dual_mul_f32 v4, v5, v6
        	v_dot4_i32_iu8 v1, v2, v3, v1 neg_lo:[1,1,0]
        	s_branch .LBB0_2
        .LBB0_5:
        	global_store_b32 v1, v2, s[0:1]
        	s_endpgm
        .Lfunc_end0:
        	.size	Kernel_Run, .Lfunc_end0-Kernel_Run
        	s_nop 0
        """;

    [Fact]
    public void Parse_OfNestedLoops_GivesEachItsOwnInstructions()
    {
        var code = AmdAssembly.Parse(Nested);
        Assert.Equal(["%bb.0", "BB0_1", "BB0_2", "%bb.3", "BB0_4", "BB0_5"], code.Blocks.Select(block => block.Label));
        Assert.Equal([0, 1, 2, 1, 2, 0], code.Blocks.Select(block => block.Depth));
        Assert.Equal([[1], [2], [4, 3], [1, 5], [2], []], code.Blocks.Select(block => block.Next));
        Assert.Equal(2, code.Loops.Count);
        Assert.Equal(["v_mov_b32_e32", "s_cbranch_scc1", "s_branch"], code.Loops[0].Select(instruction => instruction.Name));
        var inner = code.Loops[1];
        Assert.Equal(7, inner.Count);
        Assert.Equal(18, inner.Sum(instruction => instruction.LoadedBytes));
        Assert.Equal(1, inner.Count(instruction => instruction.IsFma));
        Assert.Equal(1, inner.Count(instruction => instruction.IsDot));
    }

    [Theory]
    [InlineData("global_load_b128", 16)]
    [InlineData("global_load_dwordx3", 12)]
    [InlineData("buffer_load_dword", 4)]
    [InlineData("flat_load_ushort", 2)]
    [InlineData("global_load_sbyte_d16_hi", 1)]
    [InlineData("global_load_d16_hi_u8", 1)]
    [InlineData("global_load_d16_b16", 2)]
    [InlineData("global_load_lds_dwordx4", 16)]
    [InlineData("global_store_b128", 0)]
    [InlineData("scratch_load_b128", 0)]
    [InlineData("ds_load_b128", 0)]
    public void LoadedBytes_OfAnInstruction_AreThoseOfTheDevicesMemory(string name, int bytes) =>
        Assert.Equal(bytes, new AmdInstruction(name, "").LoadedBytes);

    // What is stored reaches the barrier on one of two ways, and only one waits.
    [Theory]
    [InlineData("s_waitcnt lgkmcnt(0)", "s_waitcnt lgkmcnt(0)", "s_barrier", "")]
    [InlineData("s_waitcnt vmcnt(0) lgkmcnt(0)", "s_wait_dscnt 0x0", "s_barrier", "")]
    [InlineData("s_waitcnt lgkmcnt(0)", "s_waitcnt vmcnt(0)", "s_barrier", "BB0_2")]
    [InlineData("s_wait_loadcnt_dscnt 0x0", "s_wait_dscnt 0x1", "s_barrier_signal -1", "BB0_2")]
    [InlineData("s_nop 0", "s_waitcnt lgkmcnt(0)", "s_barrier", "BB0_2")]
    public void BarriersWithoutWait_AreThoseThatAWayReachesWithoutOne(string oneWay, string other, string barrier, string label)
    {
        var code = AmdAssembly.Parse($"""
            ; %bb.0:
            	ds_store_b32 v0, v1
            	s_cbranch_execz .LBB0_1
            ; %bb.3:
            	{oneWay}
            	s_branch .LBB0_2
            .LBB0_1:
            	{other}
            .LBB0_2:                                ; =>This Inner Loop Header: Depth=1
            	{barrier}
            	s_cbranch_scc1 .LBB0_2
            ; %bb.4:
            	s_endpgm
            """);
        Assert.Equal(label, string.Join(' ', code.BarriersWithoutWait));
    }

    // A store in a loop is still under way when the loop's barrier is reached again.
    [Fact]
    public void BarriersWithoutWait_OfALoop_AreSeenBeforeTheStore()
    {
        const string Loop = """
            ; %bb.0:
            	s_nop 0
            .LBB0_1:                                ; =>This Inner Loop Header: Depth=1
            	s_barrier
            	ds_write_b32 v0, v1
            	s_cbranch_scc1 .LBB0_1
            ; %bb.2:
            	s_endpgm
            """;
        Assert.Equal(["BB0_1"], AmdAssembly.Parse(Loop).BarriersWithoutWait);
        Assert.Empty(AmdAssembly.Parse(Loop.Replace(
            "\ts_cbranch", "\ts_waitcnt lgkmcnt(0)\n\ts_cbranch", StringComparison.Ordinal)).BarriersWithoutWait);
    }

    [Fact]
    public void Parse_OfATextWithoutAKernel_IsRefused() =>
        Assert.Throws<InvalidDataException>(() => AmdAssembly.Parse("\t.text\n"));
}
