using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A warpgroup's sums of 64 rows × <see cref="Tokens"/> tokens: 128 registers of each of its 128 threads. They are named in the
/// PTX itself, because <c>wgmma</c> takes them all at once and <see cref="CudaAsm"/> passes no more than 44. With warp, of four,
/// and lane: register 4 j and the next hold row 16 warp + lane / 4 of tokens 8 j + 2 (lane mod 4) and the next. The two after
/// those hold the row 8 below (PTX ISA, 9.7.15.5.1).
/// </summary>
internal static class WarpgroupSums
{
    public const int GroupSize = 128;

    /// <summary>The threads of the two warpgroups that make a tile.</summary>
    public const int Multipliers = 2 * GroupSize;

    public const int Rows = 64;

    public const int Tokens = 256;

    /// <summary>
    /// Bytes from a token's sums to the next one's where <see cref="Store(uint)"/> leaves them. They are those of 128 rows, and
    /// four more, so that the threads of a warp meet different banks.
    /// </summary>
    public const int PitchBytes = 528;

    /// <summary>All registers.</summary>
    public const string Names =
        "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, " +
        "s16, s17, s18, s19, s20, s21, s22, s23, s24, s25, s26, s27, s28, s29, s30, s31, " +
        "s32, s33, s34, s35, s36, s37, s38, s39, s40, s41, s42, s43, s44, s45, s46, s47, " +
        "s48, s49, s50, s51, s52, s53, s54, s55, s56, s57, s58, s59, s60, s61, s62, s63, " +
        "s64, s65, s66, s67, s68, s69, s70, s71, s72, s73, s74, s75, s76, s77, s78, s79, " +
        "s80, s81, s82, s83, s84, s85, s86, s87, s88, s89, s90, s91, s92, s93, s94, s95, " +
        "s96, s97, s98, s99, s100, s101, s102, s103, s104, s105, s106, s107, s108, s109, s110, s111, " +
        "s112, s113, s114, s115, s116, s117, s118, s119, s120, s121, s122, s123, s124, s125, s126, s127";

    // A descriptor without the address. Rows of 128 bytes have their pieces change places as <see cref="RowsOf128Bytes"/> says
    // (bits 62-63). Eight of them lie 1,024 bytes after the last eight (bits 32-45). Bits 16-29 are not used then and taken to be
    // 1.
    private const string Layout = "0x4000004000010000";

    /// <summary>The product itself, by the name of the factors' format: of %0 and %1, a 16th of where rows of weights and of
    /// tokens begin.</summary>
    public const string Multiply =
        "{ .reg .b64 a, b; .reg .pred adds; cvt.u64.u32 a, %0; or.b64 a, a, " + Layout +
        "; cvt.u64.u32 b, %1; or.b64 b, b, " + Layout +
        "; setp.eq.s32 adds, 0, 0; wgmma.mma_async.sync.aligned.m64n256k16.f32.";

    // The assembler lets no products overlap whose sums might be anything at first.
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
        "mov.f32 s60, 0f00000000; mov.f32 s61, 0f00000000; mov.f32 s62, 0f00000000; mov.f32 s63, 0f00000000; " +
        "mov.f32 s64, 0f00000000; mov.f32 s65, 0f00000000; mov.f32 s66, 0f00000000; mov.f32 s67, 0f00000000; " +
        "mov.f32 s68, 0f00000000; mov.f32 s69, 0f00000000; mov.f32 s70, 0f00000000; mov.f32 s71, 0f00000000; " +
        "mov.f32 s72, 0f00000000; mov.f32 s73, 0f00000000; mov.f32 s74, 0f00000000; mov.f32 s75, 0f00000000; " +
        "mov.f32 s76, 0f00000000; mov.f32 s77, 0f00000000; mov.f32 s78, 0f00000000; mov.f32 s79, 0f00000000; " +
        "mov.f32 s80, 0f00000000; mov.f32 s81, 0f00000000; mov.f32 s82, 0f00000000; mov.f32 s83, 0f00000000; " +
        "mov.f32 s84, 0f00000000; mov.f32 s85, 0f00000000; mov.f32 s86, 0f00000000; mov.f32 s87, 0f00000000; " +
        "mov.f32 s88, 0f00000000; mov.f32 s89, 0f00000000; mov.f32 s90, 0f00000000; mov.f32 s91, 0f00000000; " +
        "mov.f32 s92, 0f00000000; mov.f32 s93, 0f00000000; mov.f32 s94, 0f00000000; mov.f32 s95, 0f00000000; " +
        "mov.f32 s96, 0f00000000; mov.f32 s97, 0f00000000; mov.f32 s98, 0f00000000; mov.f32 s99, 0f00000000; " +
        "mov.f32 s100, 0f00000000; mov.f32 s101, 0f00000000; mov.f32 s102, 0f00000000; mov.f32 s103, 0f00000000; " +
        "mov.f32 s104, 0f00000000; mov.f32 s105, 0f00000000; mov.f32 s106, 0f00000000; mov.f32 s107, 0f00000000; " +
        "mov.f32 s108, 0f00000000; mov.f32 s109, 0f00000000; mov.f32 s110, 0f00000000; mov.f32 s111, 0f00000000; " +
        "mov.f32 s112, 0f00000000; mov.f32 s113, 0f00000000; mov.f32 s114, 0f00000000; mov.f32 s115, 0f00000000; " +
        "mov.f32 s116, 0f00000000; mov.f32 s117, 0f00000000; mov.f32 s118, 0f00000000; mov.f32 s119, 0f00000000; " +
        "mov.f32 s120, 0f00000000; mov.f32 s121, 0f00000000; mov.f32 s122, 0f00000000; mov.f32 s123, 0f00000000; " +
        "mov.f32 s124, 0f00000000; mov.f32 s125, 0f00000000; mov.f32 s126, 0f00000000; mov.f32 s127, 0f00000000;";

    /// <summary>Declares the registers and makes them zeros; at one place of a kernel, before all else here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Declare() => CudaAsm.Emit(".reg .f32 s<128>; " + Zeros);

    /// <summary>
    /// Orders what this thread has put in shared memory before products that begin after the next barrier. Products read it
    /// another way than threads do.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Offer() => CudaAsm.Emit("fence.proxy.async.shared::cta;");

    /// <summary>Comes before the first of some products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Begin() => CudaAsm.Emit("wgmma.fence.sync.aligned;");

    /// <summary>Ends a stage of products, which go on by themselves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Commit() => CudaAsm.Emit("wgmma.commit_group.sync.aligned;");

    /// <summary>Waits until no more than the newest stage of products is under way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WaitForAllButOne() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 1;");

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Wait() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 0;");

    /// <summary>Brings the thread's sums to shared memory: those of a token one after the other, row by row.</summary>
    /// <param name="to">Where those of the tile's first token are to lie.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint to)
    {
        uint at = to + OwnPlace;
        CudaAsm.Emit(First, at);
        CudaAsm.Emit(Second, at + (64 * PitchBytes));
        CudaAsm.Emit(Third, at + (128 * PitchBytes));
        CudaAsm.Emit(Fourth, at + (192 * PitchBytes));
    }

    /// <summary>The same of 64 tokens.</summary>
    /// <param name="to">Where those of the first of them are to lie.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint to, int quarter)
    {
        uint at = to + OwnPlace;
        if (quarter == 0)
        {
            CudaAsm.Emit(First, at);
        }
        else if (quarter == 1)
        {
            CudaAsm.Emit(Second, at);
        }
        else if (quarter == 2)
        {
            CudaAsm.Emit(Third, at);
        }
        else
        {
            CudaAsm.Emit(Fourth, at);
        }
    }

    // Of the thread's first sum.
    private static uint OwnPlace
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)((TensorLane.Column * PitchBytes) + (((TensorLane.Warp * 16) + TensorLane.Row) * sizeof(float)));
    }

    // Of 64 tokens each.
    private const string First =
        "st.shared.f32 [%0+0], s0; st.shared.f32 [%0+528], s1; st.shared.f32 [%0+32], s2; st.shared.f32 [%0+560], s3;" +
        "st.shared.f32 [%0+4224], s4; st.shared.f32 [%0+4752], s5; st.shared.f32 [%0+4256], s6; st.shared.f32 [%0+4784], s7;" +
        "st.shared.f32 [%0+8448], s8; st.shared.f32 [%0+8976], s9; st.shared.f32 [%0+8480], s10; st.shared.f32 [%0+9008], s11;" +
        "st.shared.f32 [%0+12672], s12; st.shared.f32 [%0+13200], s13; " +
        "st.shared.f32 [%0+12704], s14; st.shared.f32 [%0+13232], s15;" +
        "st.shared.f32 [%0+16896], s16; st.shared.f32 [%0+17424], s17; " +
        "st.shared.f32 [%0+16928], s18; st.shared.f32 [%0+17456], s19;" +
        "st.shared.f32 [%0+21120], s20; st.shared.f32 [%0+21648], s21; " +
        "st.shared.f32 [%0+21152], s22; st.shared.f32 [%0+21680], s23;" +
        "st.shared.f32 [%0+25344], s24; st.shared.f32 [%0+25872], s25; " +
        "st.shared.f32 [%0+25376], s26; st.shared.f32 [%0+25904], s27;" +
        "st.shared.f32 [%0+29568], s28; st.shared.f32 [%0+30096], s29; " +
        "st.shared.f32 [%0+29600], s30; st.shared.f32 [%0+30128], s31;";

    private const string Second =
        "st.shared.f32 [%0+0], s32; st.shared.f32 [%0+528], s33; st.shared.f32 [%0+32], s34; st.shared.f32 [%0+560], s35;" +
        "st.shared.f32 [%0+4224], s36; st.shared.f32 [%0+4752], s37; " +
        "st.shared.f32 [%0+4256], s38; st.shared.f32 [%0+4784], s39;" +
        "st.shared.f32 [%0+8448], s40; st.shared.f32 [%0+8976], s41; " +
        "st.shared.f32 [%0+8480], s42; st.shared.f32 [%0+9008], s43;" +
        "st.shared.f32 [%0+12672], s44; st.shared.f32 [%0+13200], s45; " +
        "st.shared.f32 [%0+12704], s46; st.shared.f32 [%0+13232], s47;" +
        "st.shared.f32 [%0+16896], s48; st.shared.f32 [%0+17424], s49; " +
        "st.shared.f32 [%0+16928], s50; st.shared.f32 [%0+17456], s51;" +
        "st.shared.f32 [%0+21120], s52; st.shared.f32 [%0+21648], s53; " +
        "st.shared.f32 [%0+21152], s54; st.shared.f32 [%0+21680], s55;" +
        "st.shared.f32 [%0+25344], s56; st.shared.f32 [%0+25872], s57; " +
        "st.shared.f32 [%0+25376], s58; st.shared.f32 [%0+25904], s59;" +
        "st.shared.f32 [%0+29568], s60; st.shared.f32 [%0+30096], s61; " +
        "st.shared.f32 [%0+29600], s62; st.shared.f32 [%0+30128], s63;";

    private const string Third =
        "st.shared.f32 [%0+0], s64; st.shared.f32 [%0+528], s65; st.shared.f32 [%0+32], s66; st.shared.f32 [%0+560], s67;" +
        "st.shared.f32 [%0+4224], s68; st.shared.f32 [%0+4752], s69; " +
        "st.shared.f32 [%0+4256], s70; st.shared.f32 [%0+4784], s71;" +
        "st.shared.f32 [%0+8448], s72; st.shared.f32 [%0+8976], s73; " +
        "st.shared.f32 [%0+8480], s74; st.shared.f32 [%0+9008], s75;" +
        "st.shared.f32 [%0+12672], s76; st.shared.f32 [%0+13200], s77; " +
        "st.shared.f32 [%0+12704], s78; st.shared.f32 [%0+13232], s79;" +
        "st.shared.f32 [%0+16896], s80; st.shared.f32 [%0+17424], s81; " +
        "st.shared.f32 [%0+16928], s82; st.shared.f32 [%0+17456], s83;" +
        "st.shared.f32 [%0+21120], s84; st.shared.f32 [%0+21648], s85; " +
        "st.shared.f32 [%0+21152], s86; st.shared.f32 [%0+21680], s87;" +
        "st.shared.f32 [%0+25344], s88; st.shared.f32 [%0+25872], s89; " +
        "st.shared.f32 [%0+25376], s90; st.shared.f32 [%0+25904], s91;" +
        "st.shared.f32 [%0+29568], s92; st.shared.f32 [%0+30096], s93; " +
        "st.shared.f32 [%0+29600], s94; st.shared.f32 [%0+30128], s95;";

    private const string Fourth =
        "st.shared.f32 [%0+0], s96; st.shared.f32 [%0+528], s97; st.shared.f32 [%0+32], s98; st.shared.f32 [%0+560], s99;" +
        "st.shared.f32 [%0+4224], s100; st.shared.f32 [%0+4752], s101; " +
        "st.shared.f32 [%0+4256], s102; st.shared.f32 [%0+4784], s103;" +
        "st.shared.f32 [%0+8448], s104; st.shared.f32 [%0+8976], s105; " +
        "st.shared.f32 [%0+8480], s106; st.shared.f32 [%0+9008], s107;" +
        "st.shared.f32 [%0+12672], s108; st.shared.f32 [%0+13200], s109; " +
        "st.shared.f32 [%0+12704], s110; st.shared.f32 [%0+13232], s111;" +
        "st.shared.f32 [%0+16896], s112; st.shared.f32 [%0+17424], s113; " +
        "st.shared.f32 [%0+16928], s114; st.shared.f32 [%0+17456], s115;" +
        "st.shared.f32 [%0+21120], s116; st.shared.f32 [%0+21648], s117; " +
        "st.shared.f32 [%0+21152], s118; st.shared.f32 [%0+21680], s119;" +
        "st.shared.f32 [%0+25344], s120; st.shared.f32 [%0+25872], s121; " +
        "st.shared.f32 [%0+25376], s122; st.shared.f32 [%0+25904], s123;" +
        "st.shared.f32 [%0+29568], s124; st.shared.f32 [%0+30096], s125; " +
        "st.shared.f32 [%0+29600], s126; st.shared.f32 [%0+30128], s127;";
}
