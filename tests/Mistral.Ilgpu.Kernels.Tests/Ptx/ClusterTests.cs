using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// Clusters of two groups, whose bulk copies come to both, and what the machine refuses of them. Of a stage of two boxes each
/// group brings one to both. All readers of both groups arrive in both when they have read. Two rounds.
/// </summary>
public sealed class ClusterTests
{
    private const int Pitch = 64;
    private const int Rounds = 2;
    private const int StageElements = 1024;

    private const string Lines = """
        mov.u32 %r30, %cluster_ctarank;
        mov.b64 %rd8, shared;
        cvt.u32.u64 %r31, %rd8;
        add.u32 %r32, %r31, 2048;
        add.u32 %r33, %r31, 2056;
        setp.eq.u32 %p1, %r0, 0;
        @%p1 mbarrier.init.shared.b64 [%r32], 1;
        @%p1 mbarrier.init.shared.b64 [%r33], 64;
        @%p1 fence.mbarrier_init.release.cluster;
        barrier.cluster.arrive; barrier.cluster.wait;
        mov.b32 %r2, 0;
        setp.lt.u32 %p2, %r0, 32;
        @%p2 bra Reader;
        setp.ne.u32 %p3, %r0, 32;
        @%p3 bra End;
        fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;
        Bring:
        and.b32 %r3, %r2, 1;
        xor.b32 %r3, %r3, 1;
        AgainFree:
        mbarrier.try_wait.parity.shared.b64 %p4, [%r33], %r3;
        @!%p4 bra AgainFree;
        mbarrier.arrive.expect_tx.shared.b64 _, [%r32], 2048;
        shl.b32 %r5, %r2, 4;
        shl.b32 %r6, %r30, 3;
        add.u32 %r5, %r5, %r6;
        shl.b32 %r7, %r30, 10;
        add.u32 %r7, %r7, %r31;
        mov.b16 %rs1, 3;
        cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r7], [%rd1, {0, %r5}], [%r32], %rs1;
        add.u32 %r2, %r2, 1;
        setp.lt.u32 %p5, %r2, 2;
        @%p5 bra Bring;
        bra End;
        Reader:
        and.b32 %r3, %r2, 1;
        AgainFull:
        mbarrier.try_wait.parity.shared.b64 %p4, [%r32], %r3;
        @!%p4 bra AgainFull;
        mad.wide.u32 %rd10, %r0, 64, %rd8;
        mad.wide.u32 %rd11, %r0, 64, %rd2;
        mad.wide.u32 %rd11, %r30, 4096, %rd11;
        mad.wide.u32 %rd11, %r2, 2048, %rd11;
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%rd10];
        st.global.v4.b32 [%rd11], {%r10, %r11, %r12, %r13};
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%rd10+16];
        st.global.v4.b32 [%rd11+16], {%r10, %r11, %r12, %r13};
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%rd10+32];
        st.global.v4.b32 [%rd11+32], {%r10, %r11, %r12, %r13};
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%rd10+48];
        st.global.v4.b32 [%rd11+48], {%r10, %r11, %r12, %r13};
        mapa.shared::cluster.u32 %r34, %r33, 0;
        mbarrier.arrive.shared::cluster.b64 _, [%r34];
        mapa.shared::cluster.u32 %r35, %r33, 1;
        mbarrier.arrive.shared::cluster.b64 _, [%r35];
        add.u32 %r2, %r2, 1;
        setp.lt.u32 %p5, %r2, 2;
        @%p5 bra Reader;
        End:
        barrier.cluster.arrive.release; barrier.cluster.wait.acquire;
        """;

    [Fact]
    public void Boxes_BroughtToBothGroups_AreInBoth()
    {
        var (matrix, found) = Run(Lines);
        for (int group = 0; group < 2; group++)
        {
            for (int round = 0; round < Rounds; round++)
            {
                for (int row = 0; row < 16; row++)
                {
                    for (int column = 0; column < Pitch; column++)
                    {
                        int at = (((group * Rounds) + round) * StageElements) + (row * Pitch) + (((column / 8) ^ (row % 8)) * 8) + (column % 8);
                        Assert.Equal(matrix[(((round * 16) + row) * Pitch) + column], found[at]);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData("barrier.cluster.arrive; barrier.cluster.wait;", "", "barrier at 20")]
    [InlineData("barrier.cluster.arrive; barrier.cluster.wait;", "bar.sync 0;", "barrier at 20")]
    [InlineData("@%p1 fence.mbarrier_init.release.cluster;", "", "no fence.mbarrier_init")]
    [InlineData("barrier.cluster.arrive.release; barrier.cluster.wait.acquire;", "", "of the cluster has ended")]
    [InlineData("mbarrier.arrive.shared::cluster.b64 _, [%r35];", "", "lacks 0 of 1 arrivals and 1024 bytes")]
    [InlineData("mapa.shared::cluster.u32 %r35, %r33, 1;", "mapa.shared::cluster.u32 %r35, %r33, 2;", "there is no group 2 in a cluster of 2")]
    [InlineData("mov.b16 %rs1, 3;", "mov.b16 %rs1, 7;", "there is no group 2 in a cluster of 2")]
    [InlineData("mov.b16 %rs1, 3;", "mov.b16 %rs1, 1;", "lacks 32 of 64 arrivals")]
    [InlineData("barrier.cluster.arrive; barrier.cluster.wait;", "barrier.cluster.wait;", "no barrier.cluster.arrive before")]
    [InlineData("barrier.cluster.arrive; barrier.cluster.wait;", "barrier.cluster.arrive; barrier.cluster.arrive; barrier.cluster.wait;", "no barrier.cluster.wait between")]
    [InlineData("barrier.cluster.arrive; barrier.cluster.wait;", "@%p1 barrier.cluster.arrive; @%p1 barrier.cluster.wait;", "barrier at 20|threads wait in vain")]
    public void Misuse_IsRefused(string what, string instead, string expected)
    {
        Assert.Contains(what, Lines, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Run(Lines.Replace(what, instead, StringComparison.Ordinal)));
        Assert.True(expected.Split('|').Any(one => exception.Message.Contains(one, StringComparison.Ordinal)), exception.Message);
    }

    // Each group waits for its own readers alone, and so overwrites what the other's have not read.
    [Fact]
    public void Box_OverwrittenBeforeTheOtherGroupReadsIt_IsRefused()
    {
        string lines = Lines.Replace("[%r33], 64;", "[%r33], 32;", StringComparison.Ordinal)
            .Replace("%r34, %r33, 0;", "%r34, %r33, %r30;", StringComparison.Ordinal)
            .Replace("mbarrier.arrive.shared::cluster.b64 _, [%r35];", "", StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Run(lines));
        Assert.True(exception.Message.Contains("touched while an asynchronous copy", StringComparison.Ordinal), exception.Message);
    }

    [Fact]
    public void Groups_ThatAreNoWholeClusters_AreRefused()
    {
        var exception = Assert.Throws<PtxException>(() => Run(Lines, groups: 3));
        Assert.Contains("in clusters of 2 groups", exception.Message, StringComparison.Ordinal);
    }

    private static (ushort[] Matrix, ushort[] Found) Run(string lines, int groups = 2)
    {
        var snippet = new Snippet(target: 90);
        ushort[] matrix = snippet.Buffer([.. Enumerable.Range(1, Rounds * 16 * Pitch).Select(i => (ushort)i)]);
        snippet.Map(0, Pitch, Rounds * 16, Pitch * sizeof(ushort), boxRows: 8);
        ushort[] found = snippet.Buffer(new ushort[2 * Rounds * StageElements]);
        snippet.Run(lines, threads: 64, groups, clusterSize: 2);
        return (matrix, found);
    }
}
