using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>What hardware forbids or leaves undefined, the machine refuses, and says why.</summary>
public sealed class HazardTests
{
    private const string OwnPlace = """
        mov.b64 %rd8, shared;
        mad.wide.u32 %rd8, %r0, 4, %rd8;
        """;

    // Each thread stores its index and reads that of the next but some.
    private static string Neighbour(string barrier, int distance, int threads) => $"""
        {OwnPlace}
        st.shared.b32 [%rd8], %r0;
        {barrier}
        add.u32 %r1, %r0, {distance};
        rem.u32 %r1, %r1, {threads};
        mov.b64 %rd9, shared;
        mad.wide.u32 %rd9, %r1, 4, %rd9;
        ld.shared.b32 %r2, [%rd9];
        mad.wide.u32 %rd10, %r0, 4, %rd0;
        st.global.b32 [%rd10], %r2;
        """;

    [Fact]
    public void SharedMemory_WithABarrier_CarriesValues()
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[96]);
        snippet.Run(Neighbour("bar.sync 0;", 40, 96), threads: 96, groups: 2);
        Assert.Equal(Enumerable.Range(0, 96).Select(i => (i + 40) % 96), found);
    }

    [Fact]
    public void SharedMemory_WithABarrierOfItsWarps_CarriesValuesAmongThem()
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[64]);
        snippet.Run(WithBarrierOfTwoWarps(64), threads: 96);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (i + 40) % 64), found);
    }

    // The third warp has met nobody.
    [Fact]
    public void SharedMemory_WithABarrierOfOtherWarps_IsARace() =>
        Refuses(WithBuffer(96), WithBarrierOfTwoWarps(96), "race", threads: 96);

    [Theory]
    [InlineData("bar.sync 1, 96;", "a group cannot pass its barrier")]
    [InlineData("bar.sync 1, 40;", "which are no whole warps")]
    public void Barrier_OfOtherThanWhoComes_IsRefused(string barrier, string expected) =>
        Refuses(WithBuffer(64), WithBarrierOfTwoWarps(64).Replace("bar.sync 1, 64;", barrier, StringComparison.Ordinal), expected, threads: 96);

    private static string WithBarrierOfTwoWarps(int threads) => $"""
        setp.ge.u32 %p3, %r0, 64;
        setp.ge.u32 %p4, %r0, {threads};
        @%p4 bra Past;
        {OwnPlace}
        st.shared.b32 [%rd8], %r0;
        @%p3 bra Met;
        bar.sync 1, 64;
        Met:
        {Neighbour("", 40, threads).Replace($"{OwnPlace}\nst.shared.b32 [%rd8], %r0;", "", StringComparison.Ordinal)}
        Past:
        """;

    private static Snippet WithBuffer(int length)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[length]);
        return snippet;
    }

    [Theory]
    [InlineData("st.global.b32 [%rd0], %r0; griddepcontrol.wait;")]
    [InlineData("ld.global.b32 %r1, [%rd0]; griddepcontrol.wait;")]
    [InlineData("setp.eq.u32 %p1, %r0, 0; @%p1 ret; griddepcontrol.wait;")]
    [InlineData("setp.eq.u32 %p1, %r0, 0; @%p1 griddepcontrol.wait; st.global.b32 [%rd0], %r0;")]
    public void KernelBefore_NotAwaited_MayStillRun(string lines)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[32]);
        Refuses(snippet, lines, "the kernel before may still run");
    }

    [Fact]
    public void KernelBefore_Awaited_HasEnded()
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run("prefetch.global.L2 [%rd0]; griddepcontrol.wait; griddepcontrol.launch_dependents; mov.b32 %r1, 7; st.global.b32 [%rd0], %r1;");
        Assert.Equal(7, found[0]);
    }

    [Fact]
    public void Trap_IsAFault() => Refuses(new Snippet(), "setp.eq.u32 %p1, %r0, 7; @%p1 trap;", "thread 7, '@%p1 trap;': the kernel says that it has failed");

    [Fact]
    public void Prefetch_OfWhatIsNotThere_IsRefused()
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[1]);
        Refuses(snippet, "prefetch.global.L2 [%rd0+4];", "global memory");
    }

    [Theory]
    [InlineData("[%rd0], 64", null)]
    [InlineData("[%rd0+48], 16", null)]
    [InlineData("[%rd0], 80", "80 bytes of global memory")]
    [InlineData("[%rd0+64], 16", "global memory")]
    [InlineData("[%rd0+8], 16", "expected multiples of 16")]
    [InlineData("[%rd0], 24", "expected multiples of 16")]
    public void BulkPrefetch_OfOtherThanSlicesThatAreThere_IsRefused(string operands, string? expected)
    {
        var snippet = new Snippet(target: 90);
        snippet.Buffer(new int[16]);
        string lines = $"cp.async.bulk.prefetch.L2.global {operands};";
        if (expected is null)
        {
            snippet.Run(lines);
        }
        else
        {
            Refuses(snippet, lines, expected);
        }
    }

    [Theory]
    [InlineData("", 1, 32, "no barrier between")]
    [InlineData("bar.warp.sync 0xFFFFFFFF;", 40, 64, "no barrier between")]
    [InlineData("shfl.sync.idx.b32 %r3, %r0, 0, 31, 0xFFFFFFFF;", 1, 32, "no barrier between")]
    public void SharedMemory_WithoutABarrier_IsARace(string barrier, int distance, int threads, string expected)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[threads]);
        Refuses(snippet, Neighbour(barrier, distance, threads), expected, threads);
    }

    [Fact]
    public void WarpBarrier_WithinAWarp_Orders()
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[64]);
        // Within each warp, eight lanes on and round.
        snippet.Run($"""
            {OwnPlace}
            st.shared.b32 [%rd8], %r0;
            bar.warp.sync 0xFFFFFFFF;
            and.b32 %r1, %r0, 32;
            add.u32 %r2, %r0, 8;
            and.b32 %r2, %r2, 31;
            or.b32 %r1, %r1, %r2;
            mov.b64 %rd9, shared;
            mad.wide.u32 %rd9, %r1, 4, %rd9;
            ld.shared.b32 %r2, [%rd9];
            mad.wide.u32 %rd10, %r0, 4, %rd0;
            st.global.b32 [%rd10], %r2;
            """, threads: 64);
        Assert.Equal(Enumerable.Range(0, 64).Select(i => (i & 32) + ((i + 8) & 31)), found);
    }

    [Fact]
    public void Write_AfterOthersRead_IsARaceToo()
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[32]);
        Refuses(snippet, Neighbour("bar.sync 0;", 1, 32) + "\nst.shared.b32 [%rd8], %r0;", "no barrier between", 32);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void AsyncCopy_ThatIsWaitedFor_Arrives(int bytes)
    {
        var snippet = new Snippet();
        int[] source = snippet.Buffer([.. Enumerable.Range(1, 32 * bytes / 4)]);
        int[] found = snippet.Buffer(new int[32]);
        // The last copies take but half their bytes and zeros for the rest; half of one number is the number here.
        snippet.Run($"""
            {Copy(bytes)}
            cp.async.commit_group;
            cp.async.wait_group 0;
            bar.sync 0;
            xor.b32 %r1, %r0, 1;
            mov.b64 %rd9, shared;
            mad.wide.u32 %rd9, %r1, {bytes}, %rd9;
            ld.shared.b32 %r2, [%rd9+{bytes - 4}];
            mad.wide.u32 %rd10, %r0, 4, %rd1;
            st.global.b32 [%rd10], %r2;
            """);
        for (int thread = 0; thread < 32; thread++)
        {
            int other = thread ^ 1;
            Assert.Equal(other >= 16 && bytes > 4 ? 0 : source[((other + 1) * bytes / 4) - 1], found[thread]);
        }
    }

    [Theory]
    [InlineData("cp.async.commit_group;", "cp.async.wait_group")]
    [InlineData("cp.async.commit_group; cp.async.wait_group 1;", "cp.async.wait_group")]
    [InlineData("cp.async.wait_group 0;", "cp.async.wait_group")]
    public void AsyncCopy_ThatIsNotWaitedFor_IsRefused(string end, string expected)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[128]);
        Refuses(snippet, $"{Copy(16)}\n{end}\nbar.sync 0;\nmov.b64 %rd9, shared;\nld.shared.b32 %r2, [%rd9];", expected, 32);
    }

    [Fact]
    public void AsyncCopy_OverWhatOthersStillRead_IsARace()
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[128]);
        Refuses(
            snippet,
            $"{Copy(16)}\ncp.async.wait_all;\nbar.sync 0;\nmov.b64 %rd9, shared;\nld.shared.b32 %r2, [%rd9];\n{Copy(16)}\ncp.async.wait_all;", "no barrier between", 32);
    }

    [Theory]
    [InlineData("ld.global.b32 %r1, [%rd0+16];", "nearest 16")]
    [InlineData("ld.global.b32 %r1, [%rd0-4];", "byte -4")]
    [InlineData("st.global.v2.b32 [%rd0+4], {%r1, %r2};", "misaligned")]
    [InlineData("ld.global.b32 %r1, [%rd0+2];", "misaligned")]
    [InlineData("mov.b64 %rd5, shared; ld.shared.b32 %r1, [%rd5+4096];", "shared memory at 4096")]
    [InlineData("mov.b64 %rd5, shared; ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%rd5+8];", "misaligned")]
    public void Access_OutsideOrMisaligned_IsRefused(string access, string expected)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[4]);
        Refuses(snippet, access, expected, 1);
    }

    [Theory]
    [InlineData("setp.lt.u32 %p1, %r0, 7; @%p1 ret; bar.sync 0;", 64, "has ended")]
    [InlineData("setp.lt.u32 %p1, %r0, 7; @%p1 bra ELSE; bar.sync 0; bra END; ELSE: bar.sync 0; END: mov.b32 %r1, %r0;", 64, "cannot pass its barrier")]
    [InlineData("setp.lt.u32 %p1, %r0, 32; @%p1 bar.sync 0; @!%p1 bar.sync 1;", 64, "cannot pass its barrier")]
    [InlineData("setp.lt.u32 %p1, %r0, 7; @%p1 shfl.sync.idx.b32 %r1, %r0, 0, 31, 0xFFFFFFFF; bar.sync 0;", 32, "cannot meet")]
    [InlineData("LOOP: bra LOOP;", 1, "does not end")]
    public void Threads_ThatWaitInVain_AreNamed(string lines, int threads, string expected) =>
        Refuses(new Snippet(), lines, expected, threads);

    // Each thread copies its part; those from the 16th on only half of it.
    private static string Copy(int bytes) => $"""
        mov.b64 %rd8, shared;
        mad.wide.u32 %rd8, %r0, {bytes}, %rd8;
        cvt.u32.u64 %r7, %rd8;
        mad.wide.u32 %rd9, %r0, {bytes}, %rd0;
        setp.ge.u32 %p3, %r0, 16;
        selp.b32 %r8, {bytes / 2}, {bytes}, %p3;
        cp.async.ca.shared.global [%r7], [%rd9], {bytes}, %r8;
        """;

    // Each group leaves a number, and the last to come adds them up.
    [Theory]
    [InlineData("fence.acq_rel.gpu;", "membar.gl;", true)]
    [InlineData("", "fence.acq_rel.gpu;", false)]
    [InlineData("fence.acq_rel.gpu;", "", false)]
    [InlineData("fence.acq_rel.cta;", "membar.gl;", false)]
    public void WhatOtherGroupsWrote_WithFencesOnBothSides_IsSeen(string before, string after, bool isSeen)
    {
        var snippet = new Snippet();
        snippet.Buffer(new int[5]);
        int[] count = snippet.Buffer(0, 0);
        int[] sum = snippet.Buffer(0);
        snippet.Run($"""
            mov.u32 %r1, %ctaid.x;
            add.u32 %r2, %r1, 1;
            mad.wide.u32 %rd8, %r1, 4, %rd0;
            st.global.b32 [%rd8], %r2;
            {before}
            atom.global.add.u32 %r3, [%rd1], 1;
            setp.ne.u32 %p1, %r3, 4;
            @%p1 ret;
            {after}
            ld.global.b32 %r4, [%rd0];
            ld.global.b32 %r5, [%rd0+4];
            ld.global.b32 %r6, [%rd0+8];
            ld.global.b32 %r7, [%rd0+12];
            ld.global.b32 %r8, [%rd0+16];
            add.u32 %r4, %r4, %r5;
            add.u32 %r4, %r4, %r6;
            add.u32 %r4, %r4, %r7;
            add.u32 %r4, %r4, %r8;
            st.global.b32 [%rd2], %r4;
            """, threads: 1, groups: 5, isOnce: true);
        Assert.Equal(5, count[0]);
        // Without them it finds some numbers at most, and hardware may find all.
        Assert.Equal(isSeen, sum[0] == 1 + 2 + 3 + 4 + 5);
    }

    private static void Refuses(Snippet snippet, string lines, string expected, int threads = 32)
    {
        var exception = Assert.Throws<PtxException>(() => snippet.Run(lines, threads));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }
}
