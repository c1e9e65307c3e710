using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>
/// What the machine asks of matrices that the threads of one warpgroup write and another multiplies. Each writer fences, its warp
/// meets, and one lane of it arrives at a barrier in shared memory, for which the warpgroup that multiplies waits.
/// </summary>
public sealed class UnpackingTests
{
    private const int Rows = 64;
    private const int Columns = 8;
    private const int Depth = 16;
    private const int Threads = 128;
    private const int Piece = 16;

    // Thread i of the second warpgroup writes ones from %rd9 on. The barrier is at %rd8 + 3072.
    private const string Lines = """
        @%p1 mbarrier.init.shared.b64 [%rd8+3072], 4;
        bar.sync 0;
        @%p2 bra Multiply;
        WRITE
        fence.proxy.async.shared::cta;
        bar.warp.sync 0xffffffff;
        @%p3 mbarrier.arrive.shared.b64 _, [%rd8+3072];
        bra End;
        Multiply:
        Again:
        mbarrier.try_wait.parity.shared.b64 %p4, [%rd8+3072], 0;
        @!%p4 bra Again;
        wgmma.fence.sync.aligned;
        PRODUCT
        wgmma.commit_group.sync.aligned;
        wgmma.wait_group.sync.aligned 0;
        mad.wide.u32 %rd12, %r0, 16, %rd0;
        st.global.v4.f32 [%rd12], {s0, s1, s2, s3};
        End:
        """;

    [Fact]
    public void Product_OfWhatOthersWroteFencedAndToldOf_IsRight() =>
        Assert.All(Run(Lines), sum => Assert.Equal(Depth, sum));

    [Theory]
    [InlineData("fence.proxy.async.shared::cta;\n", "", "no fence.proxy.async between that and a barrier")]
    [InlineData("WRITE\nfence.proxy.async.shared::cta;", "fence.proxy.async.shared::cta;\nWRITE", "no fence.proxy.async between that and a barrier")]
    [InlineData("fence.proxy.async.shared::cta;", "@%p3 fence.proxy.async.shared::cta;", "thread 129 wrote with no fence.proxy.async")]
    [InlineData("fence.proxy.async.shared::cta;\nbar.warp.sync 0xffffffff;", "bar.warp.sync 0xffffffff;\nfence.proxy.async.shared::cta;", "thread 129 wrote with no fence.proxy.async")]
    [InlineData("bar.warp.sync 0xffffffff;\n", "", "no barrier between")]
    [InlineData("@!%p4 bra Again;", "", "no barrier between")]
    [InlineData("[%rd8+3072], 4;", "[%rd8+3072], 3;", "no barrier between|more than 3 arrive")]
    public void WhatIsNotFencedOrToldOf_IsRefused(string what, string instead, string expected)
    {
        Assert.Contains(what, Lines, StringComparison.Ordinal);
        var exception = Assert.Throws<PtxException>(() => Run(Lines.Replace(what, instead, StringComparison.Ordinal)));
        Assert.True(expected.Split('|').Any(one => exception.Message.Contains(one, StringComparison.Ordinal)), exception.Message);
    }

    private static float[] Run(string lines)
    {
        const int Stride = 2 * 8 * Piece;
        var snippet = new Snippet(target: 90);
        float[] found = snippet.Buffer(new float[Threads * 4]);
        string write = string.Concat(Enumerable.Range(0, (Rows + Columns) * Depth / Threads).Select(i => $"st.shared.b16 [%rd9+{i * 2 * Threads}], %rs0;"));
        snippet.Run(
            $"""
            .reg .f32 s<4>;
            mov.f32 s0, 0f00000000; mov.f32 s1, s0; mov.f32 s2, s0; mov.f32 s3, s0;
            setp.eq.u32 %p8, 0, 0;
            setp.eq.u32 %p1, %r0, 0;
            setp.lt.u32 %p2, %r0, {Threads};
            and.b32 %r2, %r0, 31;
            setp.eq.u32 %p3, %r2, 0;
            mov.b64 %rd8, shared;
            and.b32 %r3, %r0, {Threads - 1};
            mad.wide.u32 %rd9, %r3, 2, %rd8;
            mov.b16 %rs0, {BFloat16.Encode(1)};
            mov.b64 %rd10, {Descriptor(0)};
            mov.b64 %rd13, {Descriptor(Rows * Depth * sizeof(ushort))};
            {lines.Replace("WRITE", write, StringComparison.Ordinal).Replace(
                "PRODUCT", "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {s0, s1, s2, s3}, %rd10, %rd13, %p8, 1, 1, 0, 0;", StringComparison.Ordinal)}
            """, 2 * Threads);
        return found;

        static ulong Descriptor(int address) => ((ulong)address / 16) | (8UL << 16) | ((ulong)Stride / 16 << 32);
    }
}
