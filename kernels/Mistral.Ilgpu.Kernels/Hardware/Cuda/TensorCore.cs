using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A thread's part of a 16 × 16 matrix of 16-bit numbers that its warp multiplies with, as <c>mma.m16n8k16</c> wants it (PTX ISA,
/// 9.7.13): with row = lane / 4 and column = 2 × (lane mod 4), two neighbours from there, from 8 rows below, and both 8 columns
/// on.
/// </summary>
internal struct Factors16x16
{
    public uint A, B, C, D;
}

/// <summary>The 16-bit formats that tensor cores multiply; they add in float32.</summary>
public interface ITensorFormat
{
    /// <summary>Two numbers rounded to nearest, the lower half <paramref name="low"/>.</summary>
    static abstract uint Pair(float low, float high);

    /// <summary>
    /// sums += rows × columns, a whole warp's matrices of 16 × 16 and 16 × 8. Of the sums, 16 × 8, a thread has two neighbours at
    /// row lane / 4 and column 2 × (lane mod 4), and two 8 rows below.
    /// </summary>
    static abstract void MultiplyAdd(
        ref float sumA, ref float sumB, ref float sumC, ref float sumD,
        uint rowA, uint rowB, uint rowC, uint rowD, uint columnA, uint columnB);

    /// <summary>The warpgroup's sums += weights × tokens, matrices of 64 × 16 and 16 × 256 in shared memory; it only begins, see
    /// <see cref="WarpgroupSums"/>.</summary>
    /// <param name="weights">A 16th of the address of the first row's 16 columns.</param>
    /// <param name="tokens">Likewise.</param>
    static abstract void MultiplyAddTile(uint weights, uint tokens);
}

/// <summary>bfloat16 on tensor cores.</summary>
public readonly partial struct BFloat16Tensor : ITensorFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pair(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out uint pair, high, low);
        return pair;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAdd(
        ref float sumA, ref float sumB, ref float sumC, ref float sumD,
        uint rowA, uint rowB, uint rowC, uint rowD, uint columnA, uint columnB)
    {
        Ref<float> s0 = sumA, s1 = sumB, s2 = sumC, s3 = sumD;
        Input<uint> a0 = rowA, a1 = rowB, a2 = rowC, a3 = rowD, b0 = columnA, b1 = columnB;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        (sumA, sumB, sumC, sumD) = (s0.Value, s1.Value, s2.Value, s3.Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTile(uint weights, uint tokens) =>
        CudaAsm.Emit(
            WarpgroupSums.Multiply + "bf16.bf16 {" + WarpgroupSums.Names + "}, a, b, adds, 1, 1, 0, 0; }", weights, tokens);
}

/// <summary>IEEE half on tensor cores.</summary>
public readonly partial struct Float16Tensor : ITensorFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Pair(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.f16x2.f32 %0, %1, %2;", out uint pair, high, low);
        return pair;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAdd(
        ref float sumA, ref float sumB, ref float sumC, ref float sumD,
        uint rowA, uint rowB, uint rowC, uint rowD, uint columnA, uint columnB)
    {
        Ref<float> s0 = sumA, s1 = sumB, s2 = sumC, s3 = sumD;
        Input<uint> a0 = rowA, a1 = rowB, a2 = rowC, a3 = rowD, b0 = columnA, b1 = columnB;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        (sumA, sumB, sumC, sumD) = (s0.Value, s1.Value, s2.Value, s3.Value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTile(uint weights, uint tokens) =>
        CudaAsm.Emit(
            WarpgroupSums.Multiply + "f16.f16 {" + WarpgroupSums.Names + "}, a, b, adds, 1, 1, 0, 0; }", weights, tokens);
}
