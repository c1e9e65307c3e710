using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The products of attention by a warpgroup, both by <c>wgmma</c>. Scores are queries × keys, both factors from shared memory;
/// outputs are weights × values, the weights from registers, <c>p0</c> to <c>p31</c>. As a product's sums lie, so do another's
/// factors: two neighbouring scores become one register of weights. In shared memory queries lie as
/// <see cref="RowsOf128Bytes"/> says, 64 elements of each, and the others behind those of all. Keys and values lie as
/// <see cref="Attention.Cuda.WarpgroupPlaces"/> says.
/// </summary>
internal static class AttentionProducts
{
    /// <summary>Declares the weights; once in a kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Declare() => CudaAsm.Emit(".reg .b32 p<32>;");

    // Descriptors without the address, see WarpgroupSums. Rows of keys and of values are their factors' columns (the products
    // say so): eight rows lie 1,024 bytes after the last eight (bits 32-45), and the second 64 columns 16 KiB after the first
    // (bits 16-29).
    private const string Rows = "0x4000004000010000";
    private const string Columns = "0x4000004004000000";

    private const string ScoresOf = " {" + WarpgroupScores.Names + "}, q, k, ";

    /// <summary>Eight products of 16 elements follow, each by name and <see cref="NextScores"/>, the first by
    /// <see cref="FirstScores"/>. Of %0 and %1, a 16th of where queries and keys begin.</summary>
    public const string BeginScores =
        "{ .reg .b64 q, k; .reg .pred none, adds; cvt.u64.u32 q, %0; or.b64 q, q, " + Rows +
        "; cvt.u64.u32 k, %1; or.b64 k, k, " + Columns + "; setp.ne.s32 none, 0, 0; setp.eq.s32 adds, 0, 0; ";

    /// <summary>What was there is forgotten.</summary>
    public const string FirstScores = ScoresOf + "none, 1, 1, 0, 1; add.s64 q, q, 2; add.s64 k, k, 128; ";

    public const string NextScores = ScoresOf + "adds, 1, 1, 0, 1; add.s64 q, q, 2; add.s64 k, k, 128; ";

    /// <summary>The last of the queries' first 64 elements.</summary>
    public const string FourthScores = ScoresOf + "adds, 1, 1, 0, 1; add.s64 q, q, 506; add.s64 k, k, 128; ";

    /// <summary>Eight products of 16 positions follow, each by name and one of the next. Of %0, a 16th of where values
    /// begin.</summary>
    public const string BeginValues =
        "{ .reg .b64 v; .reg .pred adds; cvt.u64.u32 v, %0; or.b64 v, v, " + Columns + "; setp.eq.s32 adds, 0, 0; ";

    public const string Values0 =
        " {" + WarpgroupOutputs.Names + "}, {p0, p1, p2, p3}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values1 =
        " {" + WarpgroupOutputs.Names + "}, {p4, p5, p6, p7}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values2 =
        " {" + WarpgroupOutputs.Names + "}, {p8, p9, p10, p11}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values3 =
        " {" + WarpgroupOutputs.Names + "}, {p12, p13, p14, p15}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values4 =
        " {" + WarpgroupOutputs.Names + "}, {p16, p17, p18, p19}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values5 =
        " {" + WarpgroupOutputs.Names + "}, {p20, p21, p22, p23}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values6 =
        " {" + WarpgroupOutputs.Names + "}, {p24, p25, p26, p27}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    public const string Values7 =
        " {" + WarpgroupOutputs.Names + "}, {p28, p29, p30, p31}, v, adds, 1, 1, 1; add.s64 v, v, 128; ";

    /// <summary>The products' name, without the factors' format.</summary>
    public const string Name = "wgmma.mma_async.sync.aligned.m64n128k16.f32.";

    /// <summary>Scores become weights, all at once.</summary>
    public const string RoundToBFloat16 =
        "cvt.rn.bf16x2.f32 p0, s1, s0; cvt.rn.bf16x2.f32 p1, s3, s2; cvt.rn.bf16x2.f32 p2, s5, s4; " +
        "cvt.rn.bf16x2.f32 p3, s7, s6; cvt.rn.bf16x2.f32 p4, s9, s8; cvt.rn.bf16x2.f32 p5, s11, s10; " +
        "cvt.rn.bf16x2.f32 p6, s13, s12; cvt.rn.bf16x2.f32 p7, s15, s14; cvt.rn.bf16x2.f32 p8, s17, s16; " +
        "cvt.rn.bf16x2.f32 p9, s19, s18; cvt.rn.bf16x2.f32 p10, s21, s20; cvt.rn.bf16x2.f32 p11, s23, s22; " +
        "cvt.rn.bf16x2.f32 p12, s25, s24; cvt.rn.bf16x2.f32 p13, s27, s26; cvt.rn.bf16x2.f32 p14, s29, s28; " +
        "cvt.rn.bf16x2.f32 p15, s31, s30; cvt.rn.bf16x2.f32 p16, s33, s32; cvt.rn.bf16x2.f32 p17, s35, s34; " +
        "cvt.rn.bf16x2.f32 p18, s37, s36; cvt.rn.bf16x2.f32 p19, s39, s38; cvt.rn.bf16x2.f32 p20, s41, s40; " +
        "cvt.rn.bf16x2.f32 p21, s43, s42; cvt.rn.bf16x2.f32 p22, s45, s44; cvt.rn.bf16x2.f32 p23, s47, s46; " +
        "cvt.rn.bf16x2.f32 p24, s49, s48; cvt.rn.bf16x2.f32 p25, s51, s50; cvt.rn.bf16x2.f32 p26, s53, s52; " +
        "cvt.rn.bf16x2.f32 p27, s55, s54; cvt.rn.bf16x2.f32 p28, s57, s56; cvt.rn.bf16x2.f32 p29, s59, s58; " +
        "cvt.rn.bf16x2.f32 p30, s61, s60; cvt.rn.bf16x2.f32 p31, s63, s62;";

    /// <summary>Likewise.</summary>
    public const string RoundToFloat16 =
        "cvt.rn.f16x2.f32 p0, s1, s0; cvt.rn.f16x2.f32 p1, s3, s2; cvt.rn.f16x2.f32 p2, s5, s4; " +
        "cvt.rn.f16x2.f32 p3, s7, s6; cvt.rn.f16x2.f32 p4, s9, s8; cvt.rn.f16x2.f32 p5, s11, s10; " +
        "cvt.rn.f16x2.f32 p6, s13, s12; cvt.rn.f16x2.f32 p7, s15, s14; cvt.rn.f16x2.f32 p8, s17, s16; " +
        "cvt.rn.f16x2.f32 p9, s19, s18; cvt.rn.f16x2.f32 p10, s21, s20; cvt.rn.f16x2.f32 p11, s23, s22; " +
        "cvt.rn.f16x2.f32 p12, s25, s24; cvt.rn.f16x2.f32 p13, s27, s26; cvt.rn.f16x2.f32 p14, s29, s28; " +
        "cvt.rn.f16x2.f32 p15, s31, s30; cvt.rn.f16x2.f32 p16, s33, s32; cvt.rn.f16x2.f32 p17, s35, s34; " +
        "cvt.rn.f16x2.f32 p18, s37, s36; cvt.rn.f16x2.f32 p19, s39, s38; cvt.rn.f16x2.f32 p20, s41, s40; " +
        "cvt.rn.f16x2.f32 p21, s43, s42; cvt.rn.f16x2.f32 p22, s45, s44; cvt.rn.f16x2.f32 p23, s47, s46; " +
        "cvt.rn.f16x2.f32 p24, s49, s48; cvt.rn.f16x2.f32 p25, s51, s50; cvt.rn.f16x2.f32 p26, s53, s52; " +
        "cvt.rn.f16x2.f32 p27, s55, s54; cvt.rn.f16x2.f32 p28, s57, s56; cvt.rn.f16x2.f32 p29, s59, s58; " +
        "cvt.rn.f16x2.f32 p30, s61, s60; cvt.rn.f16x2.f32 p31, s63, s62;";
}
