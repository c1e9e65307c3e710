using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Those for one tile: two matrices of 16 queries × 8 keys.</summary>
public struct KeyScores : ITensorScores
{
    /// <summary>Bytes of one element of a tile's 16 keys.</summary>
    public const int RowBytes = TileLayout.Length * sizeof(ushort);

    public float LowA, LowB, LowC, LowD;
    public float HighA, HighB, HighC, HighD;

    static int ITensorScores.Tiles
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Score<THead>(ref THead head, uint keys)
        where THead : struct, ITensorHead
    {
        var scores = default(KeyScores);
        head.Score(ref scores, keys, 0);
        this = scores;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mask(int topFirst, int topLast, int bottomFirst, int bottomLast)
    {
        int key = TensorLane.Column;
        LowA = Visible(LowA, key, topFirst, topLast);
        LowB = Visible(LowB, key + 1, topFirst, topLast);
        LowC = Visible(LowC, key, bottomFirst, bottomLast);
        LowD = Visible(LowD, key + 1, bottomFirst, bottomLast);
        HighA = Visible(HighA, key + 8, topFirst, topLast);
        HighB = Visible(HighB, key + 9, topFirst, topLast);
        HighC = Visible(HighC, key + 8, bottomFirst, bottomLast);
        HighD = Visible(HighD, key + 9, bottomFirst, bottomLast);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float TopMax() => IntrinsicMath.Max(IntrinsicMath.Max(LowA, LowB), IntrinsicMath.Max(HighA, HighB));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float BottomMax() => IntrinsicMath.Max(IntrinsicMath.Max(LowC, LowD), IntrinsicMath.Max(HighC, HighD));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exponentiate(float topMax, float bottomMax)
    {
        LowA = PowerOfTwo(LowA - topMax);
        LowB = PowerOfTwo(LowB - topMax);
        LowC = PowerOfTwo(LowC - bottomMax);
        LowD = PowerOfTwo(LowD - bottomMax);
        HighA = PowerOfTwo(HighA - topMax);
        HighB = PowerOfTwo(HighB - topMax);
        HighC = PowerOfTwo(HighC - bottomMax);
        HighD = PowerOfTwo(HighD - bottomMax);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float TopSum() => LowA + LowB + (HighA + HighB);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float BottomSum() => LowC + LowD + (HighC + HighD);

    // As a product's sums lie, so do another's factors.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddTo<THead>(ref THead head, uint values, uint swizzle)
        where THead : struct, ITensorHead =>
        head.Add(
            THead.Pair(LowA, LowB), THead.Pair(LowC, LowD),
            THead.Pair(HighA, HighB), THead.Pair(HighC, HighD), values, swizzle, 0);

    /// <summary>2^x; 0 for what is far below any score, 1 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float PowerOfTwo(float x)
    {
        CudaAsm.Emit("ex2.approx.ftz.f32 %0, %1;", out float power, x);
        return power;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Visible(float score, int key, int first, int last) =>
        key >= first && key <= last ? score : AttentionScore.Masked;
}
