using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>A lane's scores of one head, lane / 4, with four neighbouring keys of a tile, from 4 × (lane mod 4) on.</summary>
public struct QuantScores
{
    public float A, B, C, D;

    /// <summary>Keeps the scores of keys that the head sees. Keys are counted from the tile's first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mask(int first, int last)
    {
        int key = 2 * TensorLane.Column;
        A = Visible(A, key, first, last);
        B = Visible(B, key + 1, first, last);
        C = Visible(C, key + 2, first, last);
        D = Visible(D, key + 3, first, last);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Max() => IntrinsicMath.Max(IntrinsicMath.Max(A, B), IntrinsicMath.Max(C, D));

    /// <summary>score → 2^(score − max).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exponentiate(float max)
    {
        A = KeyScores.PowerOfTwo(A - max);
        B = KeyScores.PowerOfTwo(B - max);
        C = KeyScores.PowerOfTwo(C - max);
        D = KeyScores.PowerOfTwo(D - max);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly float Sum() => A + B + (C + D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Visible(float score, int key, int first, int last) =>
        key >= first && key <= last ? score : AttentionScore.Masked;
}
