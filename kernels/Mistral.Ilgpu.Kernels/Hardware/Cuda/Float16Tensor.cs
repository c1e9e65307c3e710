using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>IEEE half on tensor cores.</summary>
public readonly struct Float16Tensor : ITensorFormat, ISplitFormat
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

    private const string Product = AttentionProducts.Name + "f16.f16";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ScoreTile(uint queries, uint keys) =>
        CudaAsm.Emit(
            AttentionProducts.BeginScores + Product + AttentionProducts.FirstScores + Product + AttentionProducts.NextScores
                + Product + AttentionProducts.NextScores + Product + AttentionProducts.FourthScores
                + Product + AttentionProducts.NextScores + Product + AttentionProducts.NextScores
                + Product + AttentionProducts.NextScores + Product + AttentionProducts.NextScores + "}", queries, keys);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void RoundWeights() => CudaAsm.Emit(AttentionProducts.RoundToFloat16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddValueTile(uint values) =>
        CudaAsm.Emit(
            AttentionProducts.BeginValues + Product + AttentionProducts.Values0 + Product + AttentionProducts.Values1
                + Product + AttentionProducts.Values2 + Product + AttentionProducts.Values3
                + Product + AttentionProducts.Values4 + Product + AttentionProducts.Values5
                + Product + AttentionProducts.Values6 + Product + AttentionProducts.Values7 + "}", values);

    private const float Largest = 65504;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Clamp(float value) => IntrinsicMath.Min(IntrinsicMath.Max(value, -Largest), Largest);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Low(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, low; }", out float value, pair);
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float High(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 low, high; mov.b32 {low, high}, %1; cvt.f32.f16 %0, high; }", out float value, pair);
        return value;
    }
}
