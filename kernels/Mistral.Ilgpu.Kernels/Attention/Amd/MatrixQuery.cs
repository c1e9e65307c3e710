using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>A lane's query, turned to its position.</summary>
/// <param name="Scale">What it is multiplied with.</param>
internal readonly record struct MatrixQuery(ArrayView<float> View, long At, int HeadDim, float Scale)
{
    /// <summary>What the lane multiplies keys with, of sixteen elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MatrixFragment Column<TCore>(int element)
        where TCore : struct, IRowCore => new()
        {
            Low = Piece<TCore>(element + (8 * TCore.FirstPiece)), High = Piece<TCore>(element + (8 * (TCore.FirstPiece ^ 1))),
        };

    // Loaded from where there is something in any case; elements that the head has not are zeros.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Pack Piece<TCore>(int element)
        where TCore : struct, IRowCore
    {
        float scale = element < HeadDim ? Scale : 0;
        long at = (At + IntrinsicMath.Min(element, HeadDim - 8)) / 4;
        var fours = View.Cast<Floats4>();
        var (low, high) = (fours[at], fours[at + 1]);
        return new Pack
        {
            A = Pair<TCore>(low.A * scale, low.B * scale), B = Pair<TCore>(low.C * scale, low.D * scale),
            C = Pair<TCore>(high.A * scale, high.B * scale), D = Pair<TCore>(high.C * scale, high.D * scale),
        };
    }

    // Before the next elements are loaded, because floats take twice the registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Pair<TCore>(float low, float high)
        where TCore : struct, IRowCore => Kept.Of(TCore.Pair(low, high));
}
