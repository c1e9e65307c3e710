using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Mistral.Ilgpu.Kernels.Hardware.Vectors;

/// <summary>
/// <see cref="ByteProducts"/> of four rows, for processors whose registers have 128 bits. Weights have a sign.
/// </summary>
internal static class QuarterProducts
{
    /// <summary>The products of four quads.</summary>
    /// <param name="sum">What they are added to.</param>
    /// <param name="x">Sixteen activations.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OfHalf(
        Vector128<int> sum, Vector128<sbyte> a, Vector128<sbyte> b, Vector128<sbyte> c, Vector128<sbyte> d, Vector128<sbyte> x)
    {
        if (Dp.IsSupported)
        {
            sum = Dp.DotProductBySelectedQuadruplet(sum, a, x, 0);
            sum = Dp.DotProductBySelectedQuadruplet(sum, b, x, 1);
            sum = Dp.DotProductBySelectedQuadruplet(sum, c, x, 2);
            return Dp.DotProductBySelectedQuadruplet(sum, d, x, 3);
        }

        var quads = x.AsInt32();
        var (x0, x1) = (Vector128.Create(quads[0]), Vector128.Create(quads[1]));
        var (x2, x3) = (Vector128.Create(quads[2]), Vector128.Create(quads[3]));
        if (AdvSimd.Arm64.IsSupported)
        {
            // Pairs of two quads fill 16 bits: 2 × 128 × 127.
            var (lower, upper) = (Lower(a, x0.AsSByte(), b, x1.AsSByte()), Upper(a, x0.AsSByte(), b, x1.AsSByte()));
            var first = AdvSimd.AddPairwiseWidening(lower);
            var other = AdvSimd.AddPairwiseWidening(upper);
            first = AdvSimd.AddPairwiseWideningAndAdd(first, Lower(c, x2.AsSByte(), d, x3.AsSByte()));
            other = AdvSimd.AddPairwiseWideningAndAdd(other, Upper(c, x2.AsSByte(), d, x3.AsSByte()));
            return sum + AdvSimd.Arm64.AddPairwise(first, other);
        }

        return sum + (Plain(a.AsInt32(), x0) + Plain(b.AsInt32(), x1)) + (Plain(c.AsInt32(), x2) + Plain(d.AsInt32(), x3));
    }

    // Of two rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Lower(Vector128<sbyte> a, Vector128<sbyte> x0, Vector128<sbyte> b, Vector128<sbyte> x1) =>
        AdvSimd.MultiplyWideningLowerAndAdd(
            AdvSimd.MultiplyWideningLower(a.GetLower(), x0.GetLower()), b.GetLower(), x1.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<short> Upper(Vector128<sbyte> a, Vector128<sbyte> x0, Vector128<sbyte> b, Vector128<sbyte> x1) =>
        AdvSimd.MultiplyWideningUpperAndAdd(AdvSimd.MultiplyWideningUpper(a, x0), b, x1);

    // A quad of each row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Plain(Vector128<int> w, Vector128<int> x) =>
        (((w << 24) >> 24) * ((x << 24) >> 24)) + (((w << 16) >> 24) * ((x << 16) >> 24))
            + (((w << 8) >> 24) * ((x << 8) >> 24)) + ((w >> 24) * (x >> 24));
}
