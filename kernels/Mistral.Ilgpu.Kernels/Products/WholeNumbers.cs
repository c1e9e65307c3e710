using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>Products of whole numbers.</summary>
internal static class WholeNumbers
{
    /// <summary>Sums of neighbouring products, four lanes for the first sixteen and four for the others. No activation is
    /// −128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Dot(Vector256<sbyte> weights, Vector256<sbyte> x)
    {
        if (Avx2.IsSupported)
        {
            // One factor must have no sign: the weight's goes to the activation.
            var (magnitudes, signed) = (Avx2.Abs(weights), Avx2.Sign(x, weights));
            return AvxVnni.IsSupported
                ? AvxVnni.MultiplyWideningAndAdd(Vector256<int>.Zero, magnitudes, signed)
                : Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(magnitudes, signed), Vector256<short>.One);
        }

        if (Dp.IsSupported)
        {
            return Vector256.Create(
                Dp.DotProduct(Vector128<int>.Zero, weights.GetLower(), x.GetLower()),
                Dp.DotProduct(Vector128<int>.Zero, weights.GetUpper(), x.GetUpper()));
        }

        return Vector256.Create(Dot(weights.GetLower(), x.GetLower()), Dot(weights.GetUpper(), x.GetUpper()));
    }

    private static Vector128<int> Dot(Vector128<sbyte> weights, Vector128<sbyte> x)
    {
        var (weightsLow, weightsHigh) = Vector128.Widen(weights);
        var (low, high) = Vector128.Widen(x);
        var (a, b) = Vector128.Widen(weightsLow * low);
        var (c, d) = Vector128.Widen(weightsHigh * high);
        return (a + b) + (c + d);
    }
}
