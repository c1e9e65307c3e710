using System.Runtime.CompilerServices;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// The running maximum m and sum s of Σ e^(score − m) (Milakov and Gimelshein, arXiv 1805.02867, algorithm 3): lets
/// attention weigh values as scores come, with no array of scores.
/// </summary>
public struct OnlineSoftmax
{
    public float Max;
    public float Sum;

    public static OnlineSoftmax Empty
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { Max = float.NegativeInfinity, Sum = 0 };
    }

    /// <summary>Takes one more score in. What was accumulated so far is to be multiplied by <paramref name="keep"/>, and
    /// the score's value by <paramref name="weight"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(float score, out float keep, out float weight)
    {
        keep = 1;
        weight = 1;
        if (score > Max)
        {
            keep = XMath.Exp(Max - score);
            Max = score;
        }
        else
        {
            weight = XMath.Exp(score - Max);
        }

        Sum = (Sum * keep) + weight;
    }
}
