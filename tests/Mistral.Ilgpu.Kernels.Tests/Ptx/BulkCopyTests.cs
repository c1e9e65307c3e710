using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// The machine's bulk copies of tiles (TMA), the barriers at which they arrive, and what it refuses. One thread of the second
/// warp brings three boxes of 64 × 8 elements to one place in turn. The first warp stores each as it lies there.
/// </summary>
public sealed class BulkCopyTests
{
    private const int Columns = 60;
    private const int Rows = 20;
    private const int Pitch = 64;
    private const int Boxes = 3;
    private const int BoxElements = 512;

    private const string Start = """
        mov.b64 %rd8, shared;
        add.u64 %rd9, %rd8, 2048;
        setp.eq.u32 %p1, %r0, 0;
        @%p1 mbarrier.init.shared.b64 [%rd8+2048], 1;
        @%p1 mbarrier.init.shared.b64 [%rd8+2056], 32;
        @%p1 fence.mbarrier_init.release.cluster;
        bar.sync 0;
        mov.b32 %r2, 0;
        setp.lt.u32 %p2, %r0, 32;
        @%p2 bra Reader;
        """;

    private const string Bringing = """
        setp.ne.u32 %p3, %r0, 32;
        @%p3 bra End;
        fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;
        Bring:
        and.b32 %r3, %r2, 1;
        xor.b32 %r3, %r3, 1;
        AgainFree:
        mbarrier.try_wait.parity.shared.b64 %p4, [%rd8+2056], %r3;
        @!%p4 bra AgainFree;
        mbarrier.arrive.expect_tx.shared.b64 _, [%rd8+2048], 1024;
        shl.b32 %r5, %r2, 3;
        cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%rd8], [%rd1, {0, %r5}], [%rd9];
        add.u32 %r2, %r2, 1;
        setp.lt.u32 %p5, %r2, 3;
        @%p5 bra Bring;
        bra End;
        """;

    private const string Reading = """
        Reader:
        and.b32 %r3, %r2, 1;
        AgainFull:
        mbarrier.try_wait.parity.shared.b64 %p4, [%rd8+2048], %r3;
        @!%p4 bra AgainFull;
        mad.wide.u32 %rd10, %r0, 32, %rd8;
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%rd10];
        ld.shared.v4.b32 {%r14, %r15, %r16, %r17}, [%rd10+16];
        mbarrier.arrive.shared.b64 _, [%rd8+2056];
        mad.wide.u32 %rd11, %r0, 32, %rd2;
        mad.wide.u32 %rd11, %r2, 1024, %rd11;
        st.global.v4.b32 [%rd11], {%r10, %r11, %r12, %r13};
        st.global.v4.b32 [%rd11+16], {%r14, %r15, %r16, %r17};
        add.u32 %r2, %r2, 1;
        setp.lt.u32 %p5, %r2, 3;
        @%p5 bra Reader;
        End:
        """;

    private const string Lines = Start + "\n" + Bringing + "\n" + Reading;

    [Fact]
    public void Boxes_BroughtInTurn_LieSwizzledWithZerosOutsideOfTheMatrix()
    {
        var (matrix, found) = Run(Lines);
        for (int box = 0; box < Boxes; box++)
        {
            for (int row = 0; row < 8; row++)
            {
                for (int column = 0; column < Pitch; column++)
                {
                    int from = (box * 8) + row;
                    // Pieces of eight elements change places within rows of 128 bytes.
                    int at = (box * BoxElements) + (row * Pitch) + (((column / 8) ^ row) * 8) + (column % 8);
                    Assert.Equal(from < Rows && column < Columns ? matrix[(from * Pitch) + column] : 0, found[at]);
                }
            }
        }
    }

    [Theory]
    [InlineData("@%p1 mbarrier.init.shared.b64 [%rd8+2056], 32;", "", "no mbarrier.init before")]
    [InlineData("@%p1 fence.mbarrier_init.release.cluster;", "", "no fence.mbarrier_init between its start and a barrier of the group")]
    [InlineData("@%p1 fence.mbarrier_init.release.cluster;\nbar.sync 0;", "bar.sync 0;\n@%p1 fence.mbarrier_init.release.cluster;", "no fence.mbarrier_init between its start and a barrier of the group")]
    [InlineData("bar.sync 0;", "", "barrier at 20")]
    [InlineData("fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;", "", "no fence.proxy.tensormap before")]
    [InlineData("@!%p4 bra AgainFree;", "", "in one phase")]
    [InlineData("mbarrier.arrive.expect_tx.shared.b64 _, [%rd8+2048], 1024;", "", "lacks 1 of 1 arrivals and -1024 bytes")]
    [InlineData("[%rd8+2048], 1024;", "[%rd8+2048], 1008;", "nobody announced")]
    [InlineData("[%rd8+2048], 1024;", "[%rd8+2048], 1040;", "lacks 0 of 1 arrivals and 16 bytes")]
    [InlineData("mbarrier.arrive.expect_tx.shared.b64 _, [%rd8+2048], 1024;", "mbarrier.arrive.shared.b64 _, [%rd8+2048];", "without having waited for its barrier|nobody announced|under way")]
    [InlineData("@!%p4 bra AgainFull;", "", "threads wait in vain|no wait for its barrier")]
    [InlineData("mbarrier.arrive.shared.b64 _, [%rd8+2056];", "", "lacks 32 of 32 arrivals")]
    [InlineData("mbarrier.init.shared.b64 [%rd8+2056], 32;", "mbarrier.init.shared.b64 [%rd8+2056], 33;", "lacks 1 of 33 arrivals")]
    [InlineData("mbarrier.init.shared.b64 [%rd8+2056], 32;", "mbarrier.init.shared.b64 [%rd8+2056], 16;", "threads wait in vain")]
    [InlineData("xor.b32 %r3, %r3, 1;", "", "threads wait in vain")]
    [InlineData("[%rd1, {0, %r5}]", "[%rd0, {0, %r5}]", "no tensor map is at")]
    [InlineData("fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;", "add.u64 %rd1, %rd1, 16; fence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;", "misaligned: a tensor map")]
    [InlineData("bytes [%rd8], [%rd1", "bytes [%rd8+64], [%rd1", "misaligned: a bulk copy")]
    [InlineData("bytes [%rd8], [%rd1", "bytes [%rd8+1536], [%rd1", "where a barrier is")]
    [InlineData("[%rd8+2056], 32;", "[%rd8+2060], 32;", "expected 1 to 1048575 at a multiple of 8")]
    [InlineData("bar.sync 0;", "@%p1 mbarrier.init.shared.b64 [%rd8+2048], 1; bar.sync 0;", "was made before|where a barrier is")]
    [InlineData("bar.sync 0;", "bar.sync 0; ld.shared.b32 %r9, [%rd8+2052];", "where a barrier is")]
    [InlineData("bar.sync 0;", "mad.wide.u32 %rd10, %r0, 4, %rd8; st.shared.b32 [%rd10], %r0; bar.sync 0;", "with no fence.proxy.async between that and a barrier")]
    [InlineData("setp.lt.u32 %p5, %r2, 3;\n@%p5 bra Reader;", "setp.lt.u32 %p5, %r2, 2;\n@%p5 bra Reader;", "before bytes had arrived")]
    public void Misuse_IsRefused(string what, string instead, string expected)
    {
        Assert.Contains(what, Lines, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Run(Lines.Replace(what, instead, StringComparison.Ordinal)));
        Assert.True(expected.Split('|').Any(one => exception.Message.Contains(one, StringComparison.Ordinal)), exception.Message);
    }

    // Readers that let the next box come before they have read this one.
    [Fact]
    public void Box_OverwrittenBeforeItIsRead_IsRefused()
    {
        const string Arrival = "mbarrier.arrive.shared.b64 _, [%rd8+2056];\n";
        const string Read = "ld.shared.v4.b32 {%r10,";
        var exception = Assert.Throws<PtxException>(
            () => Run(Lines.Replace(Arrival, "", StringComparison.Ordinal).Replace(Read, Arrival + Read, StringComparison.Ordinal)));
        Assert.Contains("race: thread 32 writes shared memory", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SharedMemoryThatThreadsWrote_OfferedFirst_MayBeOverwritten() => Run(Lines.Replace(
        "bar.sync 0;",
        "mad.wide.u32 %rd10, %r0, 4, %rd8; st.shared.b32 [%rd10], %r0; fence.proxy.async.shared::cta; bar.sync 0;",
        StringComparison.Ordinal));

    [Theory]
    [InlineData(40, 232, 232, null)]
    [InlineData(0, 232, 232, "no setmaxnreg.dec of another")]
    [InlineData(40, 248, 232, "expected at most 512")]
    [InlineData(40, 236, 232, "expected inc or dec to a multiple of 8 of 24 to 256")]
    [InlineData(16, 232, 232, "expected inc or dec to a multiple of 8 of 24 to 256")]
    [InlineData(-40, 232, 232, "ask for different numbers of registers")]
    public void Registers_MoreThanThereAre_AreRefused(int first, int second, int third, string? expected)
    {
        string give = first switch
        {
            0 => "",
            > 0 => $"setmaxnreg.dec.sync.aligned.u32 {first};",
            _ => $"@%p3 bra End; setmaxnreg.dec.sync.aligned.u32 {-first};",
        };
        string lines = $"""
            setp.lt.u32 %p1, %r0, 128;
            setp.lt.u32 %p2, %r0, 256;
            setp.lt.u32 %p3, %r0, 32;
            @!%p1 bra Others;
            {give}
            bra End;
            Others:
            @!%p2 bra Third;
            setmaxnreg.inc.sync.aligned.u32 {second};
            bra End;
            Third:
            setmaxnreg.inc.sync.aligned.u32 {third};
            End:
            """;
        void Launch() => new Snippet(target: 90).Run(lines, threads: 384);
        if (expected is null)
        {
            Launch();
            return;
        }

        Assert.Contains(expected, Assert.Throws<PtxException>(Launch).Message, StringComparison.Ordinal);
    }

    private static (ushort[] Matrix, ushort[] Found) Run(string lines)
    {
        var snippet = new Snippet(target: 90);
        ushort[] matrix = snippet.Buffer([.. Enumerable.Range(1, Rows * Pitch).Select(i => (ushort)i)]);
        snippet.Map(0, Columns, Rows, Pitch * sizeof(ushort), boxRows: 8);
        ushort[] found = snippet.Buffer(new ushort[Boxes * BoxElements]);
        snippet.Run(lines, threads: 64);
        return (matrix, found);
    }
}
