using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// Four rows of weights by one row of activations, or by four. Each product is sixteen running sums over the columns, in the same
/// order in both.
/// </summary>
internal static class VectorDot<TFormat, TElement>
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Rows of weights, and of activations, that are taken together.</summary>
    public const int Tile = 4;

    // Bytes of activations that stay in a core's second cache beside the weights.
    private const int InputBytes = 512 << 10;

    /// <summary>Tokens that all rows of a work item are multiplied with before it takes others, in whole tiles.</summary>
    public static int TokensAtOnce(int stride) => Math.Max(1, InputBytes / sizeof(float) / stride / Tile) * Tile;

    /// <param name="columns">A multiple of <see cref="Vectors.Count"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<float> OfOne(
        ref TElement w0, ref TElement w1, ref TElement w2, ref TElement w3, ref float x, int columns)
    {
        Vector512<float> y0 = default, y1 = default, y2 = default, y3 = default;
        for (nint i = 0; i < columns; i += Vectors.Count)
        {
            var activations = Vector512.LoadUnsafe(ref x, (nuint)i);
            Vectors.Prefetch(ref Unsafe.Add(ref w0, i));
            Vectors.Prefetch(ref Unsafe.Add(ref w1, i));
            Vectors.Prefetch(ref Unsafe.Add(ref w2, i));
            Vectors.Prefetch(ref Unsafe.Add(ref w3, i));
            y0 = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w0, i)), activations, y0);
            y1 = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w1, i)), activations, y1);
            y2 = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w2, i)), activations, y2);
            y3 = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w3, i)), activations, y3);
        }

        return Vector128.Create(Vectors.Sum(y0), Vectors.Sum(y1), Vectors.Sum(y2), Vectors.Sum(y3));
    }

    /// <param name="stride">From one row of activations to the next.</param>
    /// <param name="y">The products of the four rows of weights, for each of the four rows of activations.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfFour(
        ref TElement w0, ref TElement w1, ref TElement w2, ref TElement w3,
        ref float x, int columns, int stride, Span<Vector128<float>> y)
    {
        ref float x1 = ref Unsafe.Add(ref x, stride);
        ref float x2 = ref Unsafe.Add(ref x1, stride);
        ref float x3 = ref Unsafe.Add(ref x2, stride);
        Vector512<float> y00 = default, y01 = default, y02 = default, y03 = default;
        Vector512<float> y10 = default, y11 = default, y12 = default, y13 = default;
        Vector512<float> y20 = default, y21 = default, y22 = default, y23 = default;
        Vector512<float> y30 = default, y31 = default, y32 = default, y33 = default;
        for (nint i = 0; i < columns; i += Vectors.Count)
        {
            var a0 = Vector512.LoadUnsafe(ref x, (nuint)i);
            var a1 = Vector512.LoadUnsafe(ref x1, (nuint)i);
            var a2 = Vector512.LoadUnsafe(ref x2, (nuint)i);
            var a3 = Vector512.LoadUnsafe(ref x3, (nuint)i);
            var w = TFormat.DecodeVector(ref Unsafe.Add(ref w0, i));
            y00 = Vectors.MultiplyAdd(w, a0, y00);
            y10 = Vectors.MultiplyAdd(w, a1, y10);
            y20 = Vectors.MultiplyAdd(w, a2, y20);
            y30 = Vectors.MultiplyAdd(w, a3, y30);
            w = TFormat.DecodeVector(ref Unsafe.Add(ref w1, i));
            y01 = Vectors.MultiplyAdd(w, a0, y01);
            y11 = Vectors.MultiplyAdd(w, a1, y11);
            y21 = Vectors.MultiplyAdd(w, a2, y21);
            y31 = Vectors.MultiplyAdd(w, a3, y31);
            w = TFormat.DecodeVector(ref Unsafe.Add(ref w2, i));
            y02 = Vectors.MultiplyAdd(w, a0, y02);
            y12 = Vectors.MultiplyAdd(w, a1, y12);
            y22 = Vectors.MultiplyAdd(w, a2, y22);
            y32 = Vectors.MultiplyAdd(w, a3, y32);
            w = TFormat.DecodeVector(ref Unsafe.Add(ref w3, i));
            y03 = Vectors.MultiplyAdd(w, a0, y03);
            y13 = Vectors.MultiplyAdd(w, a1, y13);
            y23 = Vectors.MultiplyAdd(w, a2, y23);
            y33 = Vectors.MultiplyAdd(w, a3, y33);
        }

        y[0] = Vector128.Create(Vectors.Sum(y00), Vectors.Sum(y01), Vectors.Sum(y02), Vectors.Sum(y03));
        y[1] = Vector128.Create(Vectors.Sum(y10), Vectors.Sum(y11), Vectors.Sum(y12), Vectors.Sum(y13));
        y[2] = Vector128.Create(Vectors.Sum(y20), Vectors.Sum(y21), Vectors.Sum(y22), Vectors.Sum(y23));
        y[3] = Vector128.Create(Vectors.Sum(y30), Vectors.Sum(y31), Vectors.Sum(y32), Vectors.Sum(y33));
    }
}
