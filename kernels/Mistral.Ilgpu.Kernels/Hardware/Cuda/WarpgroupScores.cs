using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A warpgroup's scores of 64 queries × <see cref="Keys"/> keys: 64 registers of each thread, <c>s0</c> to <c>s63</c>, named in
/// the PTX itself as <see cref="WarpgroupSums"/> are. Register 4 j and the next hold the thread's upper row of keys 8 j +
/// <see cref="TensorLane.Column"/> and the next. The two after those hold the row 8 below.
/// </summary>
internal static class WarpgroupScores
{
    /// <summary>Keys that are scored at once.</summary>
    public const int Keys = 128;

    /// <summary>All registers.</summary>
    internal const string Names =
        "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s20, s21, s22, s23, " +
        "s24, s25, s26, s27, s28, s29, s30, s31, s32, s33, s34, s35, s36, s37, s38, s39, s40, s41, s42, s43, s44, s45, " +
        "s46, s47, s48, s49, s50, s51, s52, s53, s54, s55, s56, s57, s58, s59, s60, s61, s62, s63";

    /// <summary>Declares the registers; once in a kernel. Zeros, because the assembler lets no products overlap whose sums might
    /// be anything at first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Declare() => CudaAsm.Emit(".reg .f32 s<64>; " + Zeros);

    /// <summary>Hides the keys that the thread's rows do not see.</summary>
    /// <param name="top">Of the upper row: how far its first key lies before the thread's first.</param>
    /// <param name="topCount">How many keys come after its first.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask(int top, int topCount, int bottom, int bottomCount) =>
        CudaAsm.Emit(Hide, top, topCount, bottom, bottomCount);

    /// <summary>The largest of the thread's scores of each row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Max(out float top, out float bottom)
    {
        Output<float> upper = default, lower = default;
        CudaAsm.EmitRef(Largest, ref upper, ref lower);
        (top, bottom) = (upper.Value, lower.Value);
    }

    /// <summary>score → 2^(score − max), and their sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Exponentiate(float topMax, float bottomMax, out float topSum, out float bottomSum)
    {
        Output<float> upper = default, lower = default;
        Input<float> top = topMax, bottom = bottomMax;
        CudaAsm.EmitRef(Powers, ref upper, ref lower, ref top, ref bottom);
        (topSum, bottomSum) = (upper.Value, lower.Value);
    }

    private const string Zeros =
        "mov.f32 s0, 0f00000000; mov.f32 s1, 0f00000000; mov.f32 s2, 0f00000000; mov.f32 s3, 0f00000000; " +
        "mov.f32 s4, 0f00000000; mov.f32 s5, 0f00000000; mov.f32 s6, 0f00000000; mov.f32 s7, 0f00000000; " +
        "mov.f32 s8, 0f00000000; mov.f32 s9, 0f00000000; mov.f32 s10, 0f00000000; mov.f32 s11, 0f00000000; " +
        "mov.f32 s12, 0f00000000; mov.f32 s13, 0f00000000; mov.f32 s14, 0f00000000; mov.f32 s15, 0f00000000; " +
        "mov.f32 s16, 0f00000000; mov.f32 s17, 0f00000000; mov.f32 s18, 0f00000000; mov.f32 s19, 0f00000000; " +
        "mov.f32 s20, 0f00000000; mov.f32 s21, 0f00000000; mov.f32 s22, 0f00000000; mov.f32 s23, 0f00000000; " +
        "mov.f32 s24, 0f00000000; mov.f32 s25, 0f00000000; mov.f32 s26, 0f00000000; mov.f32 s27, 0f00000000; " +
        "mov.f32 s28, 0f00000000; mov.f32 s29, 0f00000000; mov.f32 s30, 0f00000000; mov.f32 s31, 0f00000000; " +
        "mov.f32 s32, 0f00000000; mov.f32 s33, 0f00000000; mov.f32 s34, 0f00000000; mov.f32 s35, 0f00000000; " +
        "mov.f32 s36, 0f00000000; mov.f32 s37, 0f00000000; mov.f32 s38, 0f00000000; mov.f32 s39, 0f00000000; " +
        "mov.f32 s40, 0f00000000; mov.f32 s41, 0f00000000; mov.f32 s42, 0f00000000; mov.f32 s43, 0f00000000; " +
        "mov.f32 s44, 0f00000000; mov.f32 s45, 0f00000000; mov.f32 s46, 0f00000000; mov.f32 s47, 0f00000000; " +
        "mov.f32 s48, 0f00000000; mov.f32 s49, 0f00000000; mov.f32 s50, 0f00000000; mov.f32 s51, 0f00000000; " +
        "mov.f32 s52, 0f00000000; mov.f32 s53, 0f00000000; mov.f32 s54, 0f00000000; mov.f32 s55, 0f00000000; " +
        "mov.f32 s56, 0f00000000; mov.f32 s57, 0f00000000; mov.f32 s58, 0f00000000; mov.f32 s59, 0f00000000; " +
        "mov.f32 s60, 0f00000000; mov.f32 s61, 0f00000000; mov.f32 s62, 0f00000000; mov.f32 s63, 0f00000000;";

    // The number is AttentionScore.Masked.
    private const string Hide =
        "{ .reg .pred hidden; .reg .b32 key; " +
        "add.u32 key, %0, 0; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s0, 0fF149F2CA; " +
        "add.u32 key, %0, 1; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s1, 0fF149F2CA; " +
        "add.u32 key, %2, 0; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s2, 0fF149F2CA; " +
        "add.u32 key, %2, 1; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s3, 0fF149F2CA; " +
        "add.u32 key, %0, 8; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s4, 0fF149F2CA; " +
        "add.u32 key, %0, 9; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s5, 0fF149F2CA; " +
        "add.u32 key, %2, 8; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s6, 0fF149F2CA; " +
        "add.u32 key, %2, 9; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s7, 0fF149F2CA; " +
        "add.u32 key, %0, 16; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s8, 0fF149F2CA; " +
        "add.u32 key, %0, 17; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s9, 0fF149F2CA; " +
        "add.u32 key, %2, 16; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s10, 0fF149F2CA; " +
        "add.u32 key, %2, 17; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s11, 0fF149F2CA; " +
        "add.u32 key, %0, 24; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s12, 0fF149F2CA; " +
        "add.u32 key, %0, 25; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s13, 0fF149F2CA; " +
        "add.u32 key, %2, 24; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s14, 0fF149F2CA; " +
        "add.u32 key, %2, 25; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s15, 0fF149F2CA; " +
        "add.u32 key, %0, 32; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s16, 0fF149F2CA; " +
        "add.u32 key, %0, 33; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s17, 0fF149F2CA; " +
        "add.u32 key, %2, 32; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s18, 0fF149F2CA; " +
        "add.u32 key, %2, 33; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s19, 0fF149F2CA; " +
        "add.u32 key, %0, 40; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s20, 0fF149F2CA; " +
        "add.u32 key, %0, 41; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s21, 0fF149F2CA; " +
        "add.u32 key, %2, 40; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s22, 0fF149F2CA; " +
        "add.u32 key, %2, 41; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s23, 0fF149F2CA; " +
        "add.u32 key, %0, 48; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s24, 0fF149F2CA; " +
        "add.u32 key, %0, 49; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s25, 0fF149F2CA; " +
        "add.u32 key, %2, 48; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s26, 0fF149F2CA; " +
        "add.u32 key, %2, 49; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s27, 0fF149F2CA; " +
        "add.u32 key, %0, 56; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s28, 0fF149F2CA; " +
        "add.u32 key, %0, 57; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s29, 0fF149F2CA; " +
        "add.u32 key, %2, 56; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s30, 0fF149F2CA; " +
        "add.u32 key, %2, 57; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s31, 0fF149F2CA; " +
        "add.u32 key, %0, 64; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s32, 0fF149F2CA; " +
        "add.u32 key, %0, 65; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s33, 0fF149F2CA; " +
        "add.u32 key, %2, 64; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s34, 0fF149F2CA; " +
        "add.u32 key, %2, 65; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s35, 0fF149F2CA; " +
        "add.u32 key, %0, 72; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s36, 0fF149F2CA; " +
        "add.u32 key, %0, 73; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s37, 0fF149F2CA; " +
        "add.u32 key, %2, 72; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s38, 0fF149F2CA; " +
        "add.u32 key, %2, 73; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s39, 0fF149F2CA; " +
        "add.u32 key, %0, 80; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s40, 0fF149F2CA; " +
        "add.u32 key, %0, 81; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s41, 0fF149F2CA; " +
        "add.u32 key, %2, 80; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s42, 0fF149F2CA; " +
        "add.u32 key, %2, 81; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s43, 0fF149F2CA; " +
        "add.u32 key, %0, 88; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s44, 0fF149F2CA; " +
        "add.u32 key, %0, 89; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s45, 0fF149F2CA; " +
        "add.u32 key, %2, 88; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s46, 0fF149F2CA; " +
        "add.u32 key, %2, 89; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s47, 0fF149F2CA; " +
        "add.u32 key, %0, 96; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s48, 0fF149F2CA; " +
        "add.u32 key, %0, 97; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s49, 0fF149F2CA; " +
        "add.u32 key, %2, 96; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s50, 0fF149F2CA; " +
        "add.u32 key, %2, 97; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s51, 0fF149F2CA; " +
        "add.u32 key, %0, 104; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s52, 0fF149F2CA; " +
        "add.u32 key, %0, 105; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s53, 0fF149F2CA; " +
        "add.u32 key, %2, 104; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s54, 0fF149F2CA; " +
        "add.u32 key, %2, 105; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s55, 0fF149F2CA; " +
        "add.u32 key, %0, 112; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s56, 0fF149F2CA; " +
        "add.u32 key, %0, 113; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s57, 0fF149F2CA; " +
        "add.u32 key, %2, 112; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s58, 0fF149F2CA; " +
        "add.u32 key, %2, 113; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s59, 0fF149F2CA; " +
        "add.u32 key, %0, 120; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s60, 0fF149F2CA; " +
        "add.u32 key, %0, 121; setp.gt.u32 hidden, key, %1; @hidden mov.f32 s61, 0fF149F2CA; " +
        "add.u32 key, %2, 120; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s62, 0fF149F2CA; " +
        "add.u32 key, %2, 121; setp.gt.u32 hidden, key, %3; @hidden mov.f32 s63, 0fF149F2CA; }";

    private const string Largest =
        "{ .reg .f32 m<8>; max.f32 m0, s0, s1; max.f32 m4, s2, s3; max.f32 m1, s4, s5; max.f32 m5, s6, s7; " +
        "max.f32 m2, s8, s9; max.f32 m6, s10, s11; max.f32 m3, s12, s13; max.f32 m7, s14, s15; " +
        "max.f32 m0, m0, s16; max.f32 m4, m4, s18; max.f32 m0, m0, s17; max.f32 m4, m4, s19; " +
        "max.f32 m1, m1, s20; max.f32 m5, m5, s22; max.f32 m1, m1, s21; max.f32 m5, m5, s23; " +
        "max.f32 m2, m2, s24; max.f32 m6, m6, s26; max.f32 m2, m2, s25; max.f32 m6, m6, s27; " +
        "max.f32 m3, m3, s28; max.f32 m7, m7, s30; max.f32 m3, m3, s29; max.f32 m7, m7, s31; " +
        "max.f32 m0, m0, s32; max.f32 m4, m4, s34; max.f32 m0, m0, s33; max.f32 m4, m4, s35; " +
        "max.f32 m1, m1, s36; max.f32 m5, m5, s38; max.f32 m1, m1, s37; max.f32 m5, m5, s39; " +
        "max.f32 m2, m2, s40; max.f32 m6, m6, s42; max.f32 m2, m2, s41; max.f32 m6, m6, s43; " +
        "max.f32 m3, m3, s44; max.f32 m7, m7, s46; max.f32 m3, m3, s45; max.f32 m7, m7, s47; " +
        "max.f32 m0, m0, s48; max.f32 m4, m4, s50; max.f32 m0, m0, s49; max.f32 m4, m4, s51; " +
        "max.f32 m1, m1, s52; max.f32 m5, m5, s54; max.f32 m1, m1, s53; max.f32 m5, m5, s55; " +
        "max.f32 m2, m2, s56; max.f32 m6, m6, s58; max.f32 m2, m2, s57; max.f32 m6, m6, s59; " +
        "max.f32 m3, m3, s60; max.f32 m7, m7, s62; max.f32 m3, m3, s61; max.f32 m7, m7, s63; " +
        "max.f32 m0, m0, m1; max.f32 m2, m2, m3; max.f32 %0, m0, m2; " +
        "max.f32 m4, m4, m5; max.f32 m6, m6, m7; max.f32 %1, m4, m6; }";

    private const string Powers =
        "{ .reg .f32 a<8>; sub.f32 s0, s0, %2; ex2.approx.ftz.f32 s0, s0; sub.f32 s1, s1, %2; ex2.approx.ftz.f32 s1, s1; " +
        "sub.f32 s2, s2, %3; ex2.approx.ftz.f32 s2, s2; sub.f32 s3, s3, %3; ex2.approx.ftz.f32 s3, s3; " +
        "add.f32 a0, s0, s1; add.f32 a4, s2, s3; sub.f32 s4, s4, %2; ex2.approx.ftz.f32 s4, s4; " +
        "sub.f32 s5, s5, %2; ex2.approx.ftz.f32 s5, s5; sub.f32 s6, s6, %3; ex2.approx.ftz.f32 s6, s6; " +
        "sub.f32 s7, s7, %3; ex2.approx.ftz.f32 s7, s7; add.f32 a1, s4, s5; add.f32 a5, s6, s7; " +
        "sub.f32 s8, s8, %2; ex2.approx.ftz.f32 s8, s8; sub.f32 s9, s9, %2; ex2.approx.ftz.f32 s9, s9; " +
        "sub.f32 s10, s10, %3; ex2.approx.ftz.f32 s10, s10; sub.f32 s11, s11, %3; ex2.approx.ftz.f32 s11, s11; " +
        "add.f32 a2, s8, s9; add.f32 a6, s10, s11; sub.f32 s12, s12, %2; ex2.approx.ftz.f32 s12, s12; " +
        "sub.f32 s13, s13, %2; ex2.approx.ftz.f32 s13, s13; sub.f32 s14, s14, %3; ex2.approx.ftz.f32 s14, s14; " +
        "sub.f32 s15, s15, %3; ex2.approx.ftz.f32 s15, s15; add.f32 a3, s12, s13; add.f32 a7, s14, s15; " +
        "sub.f32 s16, s16, %2; ex2.approx.ftz.f32 s16, s16; sub.f32 s17, s17, %2; ex2.approx.ftz.f32 s17, s17; " +
        "sub.f32 s18, s18, %3; ex2.approx.ftz.f32 s18, s18; sub.f32 s19, s19, %3; ex2.approx.ftz.f32 s19, s19; " +
        "add.f32 a0, a0, s16; add.f32 a4, a4, s18; add.f32 a0, a0, s17; add.f32 a4, a4, s19; " +
        "sub.f32 s20, s20, %2; ex2.approx.ftz.f32 s20, s20; sub.f32 s21, s21, %2; ex2.approx.ftz.f32 s21, s21; " +
        "sub.f32 s22, s22, %3; ex2.approx.ftz.f32 s22, s22; sub.f32 s23, s23, %3; ex2.approx.ftz.f32 s23, s23; " +
        "add.f32 a1, a1, s20; add.f32 a5, a5, s22; add.f32 a1, a1, s21; add.f32 a5, a5, s23; " +
        "sub.f32 s24, s24, %2; ex2.approx.ftz.f32 s24, s24; sub.f32 s25, s25, %2; ex2.approx.ftz.f32 s25, s25; " +
        "sub.f32 s26, s26, %3; ex2.approx.ftz.f32 s26, s26; sub.f32 s27, s27, %3; ex2.approx.ftz.f32 s27, s27; " +
        "add.f32 a2, a2, s24; add.f32 a6, a6, s26; add.f32 a2, a2, s25; add.f32 a6, a6, s27; " +
        "sub.f32 s28, s28, %2; ex2.approx.ftz.f32 s28, s28; sub.f32 s29, s29, %2; ex2.approx.ftz.f32 s29, s29; " +
        "sub.f32 s30, s30, %3; ex2.approx.ftz.f32 s30, s30; sub.f32 s31, s31, %3; ex2.approx.ftz.f32 s31, s31; " +
        "add.f32 a3, a3, s28; add.f32 a7, a7, s30; add.f32 a3, a3, s29; add.f32 a7, a7, s31; " +
        "sub.f32 s32, s32, %2; ex2.approx.ftz.f32 s32, s32; sub.f32 s33, s33, %2; ex2.approx.ftz.f32 s33, s33; " +
        "sub.f32 s34, s34, %3; ex2.approx.ftz.f32 s34, s34; sub.f32 s35, s35, %3; ex2.approx.ftz.f32 s35, s35; " +
        "add.f32 a0, a0, s32; add.f32 a4, a4, s34; add.f32 a0, a0, s33; add.f32 a4, a4, s35; " +
        "sub.f32 s36, s36, %2; ex2.approx.ftz.f32 s36, s36; sub.f32 s37, s37, %2; ex2.approx.ftz.f32 s37, s37; " +
        "sub.f32 s38, s38, %3; ex2.approx.ftz.f32 s38, s38; sub.f32 s39, s39, %3; ex2.approx.ftz.f32 s39, s39; " +
        "add.f32 a1, a1, s36; add.f32 a5, a5, s38; add.f32 a1, a1, s37; add.f32 a5, a5, s39; " +
        "sub.f32 s40, s40, %2; ex2.approx.ftz.f32 s40, s40; sub.f32 s41, s41, %2; ex2.approx.ftz.f32 s41, s41; " +
        "sub.f32 s42, s42, %3; ex2.approx.ftz.f32 s42, s42; sub.f32 s43, s43, %3; ex2.approx.ftz.f32 s43, s43; " +
        "add.f32 a2, a2, s40; add.f32 a6, a6, s42; add.f32 a2, a2, s41; add.f32 a6, a6, s43; " +
        "sub.f32 s44, s44, %2; ex2.approx.ftz.f32 s44, s44; sub.f32 s45, s45, %2; ex2.approx.ftz.f32 s45, s45; " +
        "sub.f32 s46, s46, %3; ex2.approx.ftz.f32 s46, s46; sub.f32 s47, s47, %3; ex2.approx.ftz.f32 s47, s47; " +
        "add.f32 a3, a3, s44; add.f32 a7, a7, s46; add.f32 a3, a3, s45; add.f32 a7, a7, s47; " +
        "sub.f32 s48, s48, %2; ex2.approx.ftz.f32 s48, s48; sub.f32 s49, s49, %2; ex2.approx.ftz.f32 s49, s49; " +
        "sub.f32 s50, s50, %3; ex2.approx.ftz.f32 s50, s50; sub.f32 s51, s51, %3; ex2.approx.ftz.f32 s51, s51; " +
        "add.f32 a0, a0, s48; add.f32 a4, a4, s50; add.f32 a0, a0, s49; add.f32 a4, a4, s51; " +
        "sub.f32 s52, s52, %2; ex2.approx.ftz.f32 s52, s52; sub.f32 s53, s53, %2; ex2.approx.ftz.f32 s53, s53; " +
        "sub.f32 s54, s54, %3; ex2.approx.ftz.f32 s54, s54; sub.f32 s55, s55, %3; ex2.approx.ftz.f32 s55, s55; " +
        "add.f32 a1, a1, s52; add.f32 a5, a5, s54; add.f32 a1, a1, s53; add.f32 a5, a5, s55; " +
        "sub.f32 s56, s56, %2; ex2.approx.ftz.f32 s56, s56; sub.f32 s57, s57, %2; ex2.approx.ftz.f32 s57, s57; " +
        "sub.f32 s58, s58, %3; ex2.approx.ftz.f32 s58, s58; sub.f32 s59, s59, %3; ex2.approx.ftz.f32 s59, s59; " +
        "add.f32 a2, a2, s56; add.f32 a6, a6, s58; add.f32 a2, a2, s57; add.f32 a6, a6, s59; " +
        "sub.f32 s60, s60, %2; ex2.approx.ftz.f32 s60, s60; sub.f32 s61, s61, %2; ex2.approx.ftz.f32 s61, s61; " +
        "sub.f32 s62, s62, %3; ex2.approx.ftz.f32 s62, s62; sub.f32 s63, s63, %3; ex2.approx.ftz.f32 s63, s63; " +
        "add.f32 a3, a3, s60; add.f32 a7, a7, s62; add.f32 a3, a3, s61; add.f32 a7, a7, s63; " +
        "add.f32 a0, a0, a1; add.f32 a2, a2, a3; add.f32 %0, a0, a2; " +
        "add.f32 a4, a4, a5; add.f32 a6, a6, a7; add.f32 %1, a4, a6; }";
}
