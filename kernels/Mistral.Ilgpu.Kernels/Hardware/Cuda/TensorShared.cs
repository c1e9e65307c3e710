using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// Shared memory by address, for instructions that ILGPU lacks. They are copies that go on while the group computes, and loads of
/// a matrix by a whole warp.
/// </summary>
internal static class TensorShared
{
    /// <summary>The group's shared memory, 32 KiB; once in a kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Allocate()
    {
        CudaAsm.Emit("{ .shared .align 128 .b8 tiles[32768]; mov.u32 %0, tiles; }", out uint address);
        return address;
    }

    /// <summary>The same of <see cref="Attention.Cuda.QuantAttention{THead}"/>, 20.5 KiB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint AllocateQuants()
    {
        CudaAsm.Emit("{ .shared .align 128 .b8 tiles[20992]; mov.u32 %0, tiles; }", out uint address);
        return address;
    }

    /// <summary>Begins to copy 16 bytes from global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy16(uint to, long from) => CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16;", to, from);

    /// <summary>The same of eight pieces, each 2,048 bytes behind the last, and 512 in global memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyEight(uint to, long from) => CudaAsm.Emit(Eight, to, from);

    /// <summary>The same of eight pieces, 512 bytes apart in global memory. They go to four places in turn, each 256 bytes behind
    /// the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyEight(uint first, uint second, uint third, uint fourth, long from) =>
        CudaAsm.Emit(EightInTurn, first, second, third, fourth, from);

    private const string EightInTurn =
        "cp.async.cg.shared.global [%0+0], [%4+0], 16; cp.async.cg.shared.global [%1+256], [%4+512], 16; " +
        "cp.async.cg.shared.global [%2+512], [%4+1024], 16; cp.async.cg.shared.global [%3+768], [%4+1536], 16; " +
        "cp.async.cg.shared.global [%0+1024], [%4+2048], 16; cp.async.cg.shared.global [%1+1280], [%4+2560], 16; " +
        "cp.async.cg.shared.global [%2+1536], [%4+3072], 16; cp.async.cg.shared.global [%3+1792], [%4+3584], 16;";

    private const string Eight =
        "cp.async.cg.shared.global [%0+0], [%1+0], 16; cp.async.cg.shared.global [%0+2048], [%1+512], 16; " +
        "cp.async.cg.shared.global [%0+4096], [%1+1024], 16; cp.async.cg.shared.global [%0+6144], [%1+1536], 16; " +
        "cp.async.cg.shared.global [%0+8192], [%1+2048], 16; cp.async.cg.shared.global [%0+10240], [%1+2560], 16; " +
        "cp.async.cg.shared.global [%0+12288], [%1+3072], 16; cp.async.cg.shared.global [%0+14336], [%1+3584], 16;";

    /// <summary>
    /// The same of bytes that other groups of the multiprocessor may read too, so that they stay in the first cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy16Kept(uint to, long from) => CudaAsm.Emit("cp.async.ca.shared.global [%0], [%1], 16;", to, from);

    /// <summary>Waits for all copies that this thread began; a barrier makes those of others seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WaitForCopies() => CudaAsm.Emit("cp.async.wait_all;");

    /// <summary>
    /// Acquires and releases at the level of the device, which costs less than ILGPU's fence, because that one orders all fences
    /// too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fence() => CudaAsm.Emit("fence.acq_rel.gpu;");

    /// <summary>Copies two bytes at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy2(uint to, long from)
    {
        CudaAsm.Emit("ld.global.u16 %0, [%1];", out uint value, from);
        CudaAsm.Emit("st.shared.u16 [%0], %1;", to, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(uint to, float value) => CudaAsm.Emit("st.shared.f32 [%0], %1;", to, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePair(uint to, float first, float second) =>
        CudaAsm.Emit("st.shared.v2.f32 [%0], {%1, %2};", to, first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreHalf(uint to, uint value) =>
        CudaAsm.Emit("{ .reg .b16 half; cvt.u16.u32 half, %1; st.shared.b16 [%0], half; }", to, value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(uint from)
    {
        CudaAsm.Emit("ld.shared.f32 %0, [%1];", out float value, from);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LoadWord(uint from)
    {
        CudaAsm.Emit("ld.shared.b32 %0, [%1];", out uint value, from);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint First, uint Second) LoadTwoWords(uint from)
    {
        Output<uint> first = default, second = default;
        Input<uint> at = from;
        CudaAsm.EmitRef("ld.shared.v2.b32 {%0, %1}, [%2];", ref first, ref second, ref at);
        return (first.Value, second.Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack LoadPack(uint from)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> at = from;
        CudaAsm.EmitRef("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];", ref a, ref b, ref c, ref d, ref at);
        return new Pack { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats4 LoadFloats(uint from)
    {
        Output<float> a = default, b = default, c = default, d = default;
        Input<uint> at = from;
        CudaAsm.EmitRef("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];", ref a, ref b, ref c, ref d, ref at);
        return new Floats4 { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint LoadHalf(uint from)
    {
        CudaAsm.Emit("{ .reg .b16 half; ld.shared.b16 half, [%1]; cvt.u32.u16 %0, half; }", out uint value, from);
        return value;
    }

    /// <summary>
    /// Loads a 16 × 16 matrix of 16-bit numbers for the columns' side of two multiplications. A and B are for its columns 0-7, C
    /// and D for 8-15. Lane i names the 16 bytes at row i mod 16 and column 8 × (i / 16).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Factors16x16 LoadColumns(uint address)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> from = address;
        CudaAsm.EmitRef(
            "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];", ref a, ref b, ref c, ref d, ref from);
        return new Factors16x16 { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }
}
