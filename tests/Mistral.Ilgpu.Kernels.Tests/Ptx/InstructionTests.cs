using Mistral.Ilgpu.PtxMachine;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Ptx;

/// <summary>The machine's single instructions, against the same in C#.</summary>
public sealed class InstructionTests
{
    private const string Store = "mad.wide.u32 %rd10, %r0, 4, %rd0;\nst.global.b32 [%rd10], %r9;";

    [Theory]
    [InlineData("dp4a.s32.s32", 0x80FF7F01u, 0x7F80FF02u, (-128 * 127) + (-1 * -128) + (127 * -1) + (1 * 2) + 7)]
    [InlineData("dp4a.u32.s32", 0x80FF7F01u, 0x7F80FF02u, (128 * 127) + (255 * -128) + (127 * -1) + (1 * 2) + 7)]
    [InlineData("dp4a.u32.u32", 0x80FF7F01u, 0x7F80FF02u, (128 * 127) + (255 * 128) + (127 * 255) + (1 * 2) + 7)]
    [InlineData("prmt.b32", 0x33221100u, 0x77665544u, 0x00332255, 0x0325)]
    [InlineData("prmt.b32", 0x80002211u, 0x77665544u, unchecked((int)0xFF440011), 0xB420)]
    [InlineData("bfe.u32", 0xABCD1234u, 8u, 0x12, 8)]
    [InlineData("bfe.s32", 0xABCD9234u, 8u, unchecked((int)0xFFFFFF92), 8)]
    [InlineData("bfe.s32", 0xABCD9234u, 28u, unchecked((int)0xFFFFFFFA), 8)]
    [InlineData("mad.lo.s32", 0xFFFFFFFFu, 5u, 2, 7)]
    [InlineData("shf.l.wrap.b32", 0x80000000u, 0x00000001u, 3, 1)]
    public void Instruction_OfThreeRegisters_GivesItsResult(string name, uint a, uint b, int expected, int c = 7)
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run($"mov.b32 %r1, {a};\nmov.b32 %r2, {b};\n{name} %r9, %r1, %r2, {c};\n{Store}", threads: 1);
        Assert.Equal(expected, found[0]);
    }

    [Theory]
    [InlineData("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 75)]
    [InlineData("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 80)]
    [InlineData("ldmatrix.sync.aligned.m8n8.x4.shared.b16", 75)]
    [InlineData("cp.async.wait_all", 80)]
    [InlineData("cp.async.bulk.prefetch.L2.global", 90)]
    [InlineData("cvt.rn.f16x2.f32", 80)]
    [InlineData("dp4a.s32.s32", 61)]
    public void Instruction_NewerThanItsTarget_IsRefused(string name, int least)
    {
        var exception = Assert.Throws<PtxException>(() => PtxKernel.Parse(
            $".version 7.8\n.target sm_{least - 1}\n.address_size 64\n.visible .entry newer(.param .align 8 .b8 p[8])\n{{\n\t{name};\n}}\n"));
        Assert.Equal($"'{name}' needs sm_{least}, the module is for sm_{least - 1}", exception.Message);
    }

    [Theory]
    [InlineData(0xE8)]
    [InlineData(0x1B)]
    public void Lop3_OfAnyTruthTable_LooksUpEveryBit(int table)
    {
        var snippet = new Snippet();
        uint[] found = snippet.Buffer(new uint[1]);
        snippet.Run($"mov.b32 %r1, 0xF0;\nmov.b32 %r2, 0xCC;\nmov.b32 %r3, 0xAA;\nlop3.b32 %r9, %r1, %r2, %r3, {table};\n{Store}", threads: 1);
        Assert.Equal((uint)table, found[0] & 0xFF);
    }

    [Fact]
    public void Bfi_OfAField_LeavesTheRest()
    {
        var snippet = new Snippet();
        uint[] found = snippet.Buffer(new uint[1]);
        snippet.Run($"mov.b32 %r1, 0xFFAB;\nmov.b32 %r2, 0x11111111;\nbfi.b32 %r9, %r1, %r2, 12, 8;\n{Store}", threads: 1);
        Assert.Equal(0x111AB111u, found[0]);
    }

    [Fact]
    public void Cvt_OfTwoFloats_PacksTheFirstAbove()
    {
        var snippet = new Snippet();
        uint[] found = snippet.Buffer(new uint[2]);
        snippet.Run("""
            mov.f32 %f1, 0f3FC00000;
            mov.f32 %f2, 0fC0000000;
            cvt.rn.bf16x2.f32 %r1, %f1, %f2;
            cvt.rn.f16x2.f32 %r2, %f1, %f2;
            st.global.v2.b32 [%rd0], {%r1, %r2};
            """, threads: 1);
        Assert.Equal([0x3FC0C000u, 0x3E00C000u], found);
    }

    [Theory]
    [InlineData("rni", 2.5f, 2)]
    [InlineData("rzi", -2.9f, -2)]
    [InlineData("rmi", -2.1f, -3)]
    [InlineData("rzi", 3e9f, int.MaxValue)]
    [InlineData("rzi", float.NaN, 0)]
    public void Cvt_FloatToInt_RoundsAndClamps(string rounding, float value, int expected)
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run($"mov.f32 %f1, 0f{BitConverter.SingleToUInt32Bits(value):X8};\ncvt.{rounding}.s32.f32 %r9, %f1;\n{Store}", threads: 1);
        Assert.Equal(expected, found[0]);
    }

    [Theory]
    [InlineData("cvt.s32.s8", 0xFFu, -1)]
    [InlineData("cvt.s32.u8", 0x1FFu, 255)]
    [InlineData("cvt.u32.s16", 0x18000u, -32768)]
    public void Cvt_Narrow_ExtendsByItsOwnSign(string name, uint value, int expected)
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run($"mov.b32 %r1, {value};\n{name} %r9, %r1;\n{Store}", threads: 1);
        Assert.Equal(expected, found[0]);
    }

    [Theory]
    [InlineData("idx", "%r0, 3", "31")]
    [InlineData("down", "4", "31")]
    [InlineData("up", "1", "0")]
    [InlineData("bfly", "16", "31")]
    [InlineData("bfly", "1", "0x1C1F")]
    public void Shuffle_OfAWarp_TakesTheLaneThatItNames(string mode, string source, string clamp)
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[32]);
        // idx: the lane's own index xor 3.
        string lane = mode == "idx" ? "xor.b32 %r2, %r0, 3;" : $"mov.b32 %r2, {source};";
        snippet.Run($"add.u32 %r1, %r0, 100;\n{lane}\nshfl.sync.{mode}.b32 %r9|%p1, %r1, %r2, {clamp}, 0xFFFFFFFF;\n{Store}");
        int[] expected =
        [
            .. Enumerable.Range(0, 32).Select(i => 100 + mode switch
            {
                "idx" => i ^ 3,
                "down" => i + 4 < 32 ? i + 4 : i,
                "up" => i >= 1 ? i - 1 : i,
                _ => i ^ int.Parse(source),
            }),
        ];
        Assert.Equal(expected, found);
    }

    [Fact]
    public void Vote_OfAWarp_CollectsThePredicates()
    {
        var snippet = new Snippet();
        uint[] found = snippet.Buffer(new uint[32]);
        snippet.Run($"setp.lt.u32 %p1, %r0, 5;\nvote.sync.ballot.b32 %r9, %p1, 0xFFFFFFFF;\n{Store}");
        Assert.All(found, votes => Assert.Equal(31u, votes));
    }

    [Fact]
    public void VectorMoves_OfPairs_KeepTheirOrder()
    {
        var snippet = new Snippet();
        ulong[] found = snippet.Buffer(new ulong[1]);
        snippet.Run("""
            mov.b32 %r1, 0x11112222;
            mov.b32 {%rs1, %rs2}, %r1;
            mov.b32 %r2, {%rs2, %rs1};
            mov.b64 %rd5, {%r1, %r2};
            st.global.b64 [%rd0], %rd5;
            """, threads: 1);
        Assert.Equal(0x2222111111112222UL, found[0]);
    }

    [Fact]
    public void Scopes_OfInlineCode_HideTheirNames()
    {
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run($$"""
            mov.b32 %r1, 5;
            {
                .reg .b32 %r1, t;
                mov.b32 %r1, 9;
                add.s32 t, %r1, -2;
                mov.b32 %r9, t;
            }
            mad.lo.s32 %r9, %r9, 10, %r1;
            {{Store}}
            """, threads: 1);
        Assert.Equal(75, found[0]);
    }

    [Fact]
    public void Module_WithAnUnknownInstruction_IsRefusedByName()
    {
        var exception = Assert.Throws<PtxException>(() => new Snippet().Run("wgmma.fence.sync.aligned;"));
        Assert.Contains("wgmma.fence.sync.aligned", exception.Message, StringComparison.Ordinal);
    }
}
