using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>A lane's scores of sixteen of 32 keys: of eight neighbours, and of those sixteen positions further on.</summary>
internal static class MatrixScores
{
    /// <summary>Keeps those of the keys that the query sees, counted from the first of them on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SixteenSums Visible(SixteenSums scores, int first, int last) => new()
    {
        Low = Visible(scores.Low, first, last), High = Visible(scores.High, first - 16, last - 16),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(SixteenSums x) => IntrinsicMath.Max(Max(x.Low), Max(x.High));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(SixteenSums x) => Sum(x.Low) + Sum(x.High);

    /// <summary>2^(score − max).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SixteenSums Powers(SixteenSums scores, float max) => new()
    {
        Low = Powers(scores.Low, max), High = Powers(scores.High, max),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EightSums Visible(EightSums x, int first, int last) => new()
    {
        A = Visible(x.A, 0, first, last), B = Visible(x.B, 1, first, last),
        C = Visible(x.C, 2, first, last), D = Visible(x.D, 3, first, last),
        E = Visible(x.E, 4, first, last), F = Visible(x.F, 5, first, last),
        G = Visible(x.G, 6, first, last), H = Visible(x.H, 7, first, last),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Visible(float score, int key, int first, int last) =>
        key >= first && key <= last ? score : AttentionScore.Masked;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Max(EightSums x) => IntrinsicMath.Max(
        IntrinsicMath.Max(IntrinsicMath.Max(x.A, x.B), IntrinsicMath.Max(x.C, x.D)),
        IntrinsicMath.Max(IntrinsicMath.Max(x.E, x.F), IntrinsicMath.Max(x.G, x.H)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(EightSums x) => x.A + x.B + (x.C + x.D) + (x.E + x.F + (x.G + x.H));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EightSums Powers(EightSums x, float max) => new()
    {
        A = PowerOfTwo.Of(x.A - max), B = PowerOfTwo.Of(x.B - max),
        C = PowerOfTwo.Of(x.C - max), D = PowerOfTwo.Of(x.D - max),
        E = PowerOfTwo.Of(x.E - max), F = PowerOfTwo.Of(x.F - max),
        G = PowerOfTwo.Of(x.G - max), H = PowerOfTwo.Of(x.H - max),
    };
}
