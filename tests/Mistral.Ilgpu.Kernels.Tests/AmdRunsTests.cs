using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>How often the blocks of a loop run in one round.</summary>
public sealed class AmdRunsTests
{
    // The wave takes one side in two rounds; of lanes that may differ both sides run. The inner loop runs four times.
    private const string Program = """
        ; %bb.0:
        	s_mov_b32 s9, 0
        .LBB0_1:                                ; =>This Loop Header: Depth=1
                                                ;     Child Loop BB0_6 Depth 2
        	s_cbranch_scc1 .LBB0_3
        ; %bb.2:                                ;   in Loop: Header=BB0_1 Depth=1
        	s_cbranch_execz .LBB0_3
        	s_branch .LBB0_4
        .LBB0_3:                                ;   in Loop: Header=BB0_1 Depth=1
        	v_mov_b32_e32 v0, 0
        .LBB0_4:                                ;   in Loop: Header=BB0_1 Depth=1
        	s_and_saveexec_b64 s[2:3], vcc
        	s_cbranch_execz .LBB0_7
        ; %bb.5:                                ;   in Loop: Header=BB0_1 Depth=1
        	s_mov_b32 s10, 0
        .LBB0_6:                                ;   Parent Loop BB0_1 Depth=1
                                                ; =>  This Inner Loop Header: Depth=2
        	s_add_i32 s10, s10, 1
        	s_cmp_lg_u32 s10, 4
        	s_cbranch_scc1 .LBB0_6
        .LBB0_7:                                ;   in Loop: Header=BB0_1 Depth=1
        	s_cbranch_execnz .LBB0_1
        ; %bb.8:
        	s_endpgm
        """;

    [Fact]
    public void Runs_OfALoop_AreHalfOfASideThatTheWaveChooses()
    {
        var runs = AmdRuns.Of(AmdAssembly.Parse(Program), "BB0_1");
        Assert.Equal(
            [("BB0_1", 1), ("%bb.2", 0.5), ("BB0_3", 0.5), ("BB0_4", 1), ("%bb.5", 1), ("BB0_6", 4), ("BB0_7", 1)],
            runs.Select(run => (run.Key.Label, run.Value)));
    }
}
