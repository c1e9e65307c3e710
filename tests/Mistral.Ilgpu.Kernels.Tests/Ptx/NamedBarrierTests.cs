using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>The machine's barriers of a part of a group, at which some threads only arrive, and what it refuses.</summary>
public sealed class NamedBarrierTests
{
    // Of three warps the first gives each of the others a number by itself, and waits until both have read before it writes
    // others. Threads of the others store what they read.
    private const string Exchange = """
        mov.b64 %rd8, shared;
        setp.ge.u32 %p1, %r0, 32;
        @%p1 bra Reader;
        mov.b32 %r1, 7;
        st.shared.b32 [%rd8+32], %r1;
        bar.arrive 1, 64;
        st.shared.b32 [%rd8+64], %r1;
        bar.arrive 2, 64;
        bar.sync 3, 96;
        mov.b32 %r1, 9;
        st.shared.b32 [%rd8+32], %r1;
        st.shared.b32 [%rd8+64], %r1;
        bra Done;
        Reader:
        setp.lt.u32 %p2, %r0, 64;
        @%p2 bar.sync 1, 64;
        @!%p2 bar.sync 2, 64;
        and.b32 %r4, %r0, 96;
        cvt.u64.u32 %rd10, %r4;
        add.u64 %rd10, %rd8, %rd10;
        ld.shared.b32 %r2, [%rd10];
        bar.arrive 3, 96;
        mad.wide.u32 %rd9, %r0, 4, %rd0;
        st.global.b32 [%rd9], %r2;
        Done:
        """;

    [Fact]
    public void Arrival_BeforeOthersWait_GivesThemWhatWasWritten() =>
        Assert.All(Run(Exchange).Skip(32), number => Assert.Equal(7, number));

    [Theory]
    [InlineData("bar.arrive 1, 64;", "", "a group cannot pass its barrier")]
    [InlineData("bar.sync 3, 96;", "", "race")]
    [InlineData("bar.sync 3, 96;\nmov.b32 %r1, 9;\nst.shared.b32 [%rd8+32], %r1;\nst.shared.b32 [%rd8+64], %r1;", "", "threads arrived at barrier 3, where none of 96 waited")]
    [InlineData("@%p2 bar.sync 1, 64;", "", "race")]
    [InlineData("bar.arrive 3, 96;", "", "a group cannot pass its barrier")]
    [InlineData("ld.shared.b32 %r2, [%rd10];\nbar.arrive 3, 96;", "bar.arrive 3, 96; ld.shared.b32 %r2, [%rd10];", "race")]
    [InlineData("st.shared.b32 [%rd8+32], %r1;\nbar.arrive 1, 64;", "bar.arrive 1, 64; st.shared.b32 [%rd8+32], %r1;", "race")]
    [InlineData("bar.arrive 1, 64;", "bar.arrive 1, 96;", "some arrived at a barrier of 96")]
    [InlineData("bar.arrive 1, 64;", "bar.arrive 1, 64; bar.arrive 1, 64;", "arrives at barrier 1 again")]
    [InlineData("bar.arrive 1, 64;", "bar.arrive 16, 64;", "expected 0 to 15")]
    [InlineData("bar.arrive 1, 64;", "bar.arrive 1, 40;", "expected 0 to 15 and whole warps")]
    [InlineData("bar.arrive 1, 64;", "setp.eq.u32 %p3, %r0, 0; mov.b32 %r3, 1; @%p3 mov.b32 %r3, 4; bar.arrive %r3, 64;", "is another than lane 0's")]
    public void Faults_AreRefused(string what, string instead, string expected)
    {
        string lines = Exchange.ReplaceLineEndings("\n");
        Assert.Contains(what, lines, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Run(lines.Replace(what, instead)));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static int[] Run(string lines)
    {
        const int Threads = 96;
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[Threads]);
        snippet.Run(OneWriter(lines), Threads);
        return found;
    }

    // All lanes of a warp that write one place race with each other.
    private static string OneWriter(string lines) => "setp.eq.u32 %p4, %r0, 0;\n" + lines.Replace("st.shared", "@%p4 st.shared");
}
