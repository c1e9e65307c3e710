using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// Rows of weights by rows of activations. Each product is sixteen running sums over the columns, in the same order however many
/// are taken at once.
/// </summary>
internal static class VectorDot<TFormat, TElement>
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Rows of weights that are taken together. Activations are read from the second cache once for all of
    /// them.</summary>
    public const int Rows = 6;

    /// <summary>Rows of activations that are taken together. All sums of a tile are in registers.</summary>
    public const int Tokens = 4;

    /// <summary>Columns of a tile's weights that stay in a core's first cache once they are decoded.</summary>
    public const int ColumnsAtOnce = 512;

    // Rows of activations that running sums are kept for.
    private const int MostTokens = 128;

    // Bytes of activations that stay in a core's second cache beside the weights.
    private const int InputBytes = 512 << 10;

    /// <summary>Tokens that all rows of a work item are multiplied with before it takes others, in whole tiles.</summary>
    public static int TokensAtOnce(int stride) =>
        Math.Clamp(InputBytes / sizeof(float) / stride / Tokens, 1, MostTokens / Tokens) * Tokens;

    /// <summary>A row of weights by a row of activations. Weights are read as one stream, which brings more of them from memory
    /// than several rows at once.</summary>
    /// <param name="columns">A multiple of <see cref="Vectors.Count"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float OfOne(ref TElement w, ref float x, int columns)
    {
        Vector512<float> y = default;
        nint i = 0;
        for (; i + (2 * Vectors.Count) <= columns; i += 2 * Vectors.Count)
        {
            Vectors.Prefetch(ref Unsafe.Add(ref w, i));
            if (Unsafe.SizeOf<TElement>() == sizeof(float))
            {
                Vectors.Prefetch(ref Unsafe.Add(ref w, i + Vectors.Count));
            }

            y = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w, i)), Vector512.LoadUnsafe(ref x, (nuint)i), y);
            y = Vectors.MultiplyAdd(
                TFormat.DecodeVector(ref Unsafe.Add(ref w, i + Vectors.Count)),
                Vector512.LoadUnsafe(ref x, (nuint)(i + Vectors.Count)), y);
        }

        if (i < columns)
        {
            y = Vectors.MultiplyAdd(TFormat.DecodeVector(ref Unsafe.Add(ref w, i)), Vector512.LoadUnsafe(ref x, (nuint)i), y);
        }

        return Vectors.Sum(y);
    }

    /// <summary>A tile's rows of weights by rows of activations. Weights are decoded once for all of them.</summary>
    /// <param name="rows">Where each row of the tile begins, in elements.</param>
    /// <param name="tokens">Rows of activations, whole tiles of them.</param>
    /// <param name="stride">Columns, from one row of activations to the next.</param>
    /// <param name="sums">Receives the running sums: tokens × <see cref="Rows"/>.</param>
    /// <param name="decoded">Room for <see cref="Rows"/> × <see cref="ColumnsAtOnce"/> weights.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfTokens(
        ref TElement weights, ReadOnlySpan<nint> rows, ref float x, int stride, int tokens,
        Span<Vector512<float>> sums, Span<float> decoded)
    {
        sums[..(tokens * Rows)].Clear();
        for (int first = 0; first < stride; first += ColumnsAtOnce)
        {
            int columns = Math.Min(ColumnsAtOnce, stride - first);
            for (int row = 0; row < Rows; row++)
            {
                Decode(
                    ref Unsafe.Add(ref weights, rows[row] + first), ref decoded[row * ColumnsAtOnce], columns,
                    Rows * stride);
            }

            for (int token = 0; token < tokens; token += Tokens)
            {
                OfTile(
                    ref decoded[0], ref Unsafe.Add(ref x, ((nint)token * stride) + first), columns, stride,
                    ref sums[token * Rows]);
            }
        }
    }

    /// <summary>The sums of a row of the tile with four tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumsOf(Span<Vector512<float>> sums, int token, int row) => Vectors.Sum(
        sums[(token * Rows) + row], sums[((token + 1) * Rows) + row],
        sums[((token + 2) * Rows) + row], sums[((token + 3) * Rows) + row]);

    // Prefetches the next tile, which is read when all tokens have taken this one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Decode(ref TElement weights, ref float to, int columns, int ahead)
    {
        for (nint i = 0; i < columns; i += Vectors.Count)
        {
            Vectors.PrefetchAt(ref Unsafe.Add(ref weights, i + ahead));
            TFormat.DecodeVector(ref Unsafe.Add(ref weights, i)).StoreUnsafe(ref to, (nuint)i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OfTile(ref float w, ref float x, int columns, int stride, ref Vector512<float> sums)
    {
        ref float x1 = ref Unsafe.Add(ref x, stride);
        ref float x2 = ref Unsafe.Add(ref x1, stride);
        ref float x3 = ref Unsafe.Add(ref x2, stride);
        Vector512<float> y00 = sums, y01 = Unsafe.Add(ref sums, 1), y02 = Unsafe.Add(ref sums, 2);
        Vector512<float> y03 = Unsafe.Add(ref sums, 3), y04 = Unsafe.Add(ref sums, 4), y05 = Unsafe.Add(ref sums, 5);
        Vector512<float> y10 = Unsafe.Add(ref sums, 6), y11 = Unsafe.Add(ref sums, 7), y12 = Unsafe.Add(ref sums, 8);
        Vector512<float> y13 = Unsafe.Add(ref sums, 9), y14 = Unsafe.Add(ref sums, 10), y15 = Unsafe.Add(ref sums, 11);
        Vector512<float> y20 = Unsafe.Add(ref sums, 12), y21 = Unsafe.Add(ref sums, 13), y22 = Unsafe.Add(ref sums, 14);
        Vector512<float> y23 = Unsafe.Add(ref sums, 15), y24 = Unsafe.Add(ref sums, 16), y25 = Unsafe.Add(ref sums, 17);
        Vector512<float> y30 = Unsafe.Add(ref sums, 18), y31 = Unsafe.Add(ref sums, 19), y32 = Unsafe.Add(ref sums, 20);
        Vector512<float> y33 = Unsafe.Add(ref sums, 21), y34 = Unsafe.Add(ref sums, 22), y35 = Unsafe.Add(ref sums, 23);
        for (nint i = 0; i < columns; i += Vectors.Count)
        {
            var a0 = Vector512.LoadUnsafe(ref x, (nuint)i);
            var a1 = Vector512.LoadUnsafe(ref x1, (nuint)i);
            var a2 = Vector512.LoadUnsafe(ref x2, (nuint)i);
            var a3 = Vector512.LoadUnsafe(ref x3, (nuint)i);
            var b = Vector512.LoadUnsafe(ref w, (nuint)i);
            y00 = Vectors.MultiplyAdd(b, a0, y00);
            y10 = Vectors.MultiplyAdd(b, a1, y10);
            y20 = Vectors.MultiplyAdd(b, a2, y20);
            y30 = Vectors.MultiplyAdd(b, a3, y30);
            b = Vector512.LoadUnsafe(ref w, (nuint)(i + ColumnsAtOnce));
            y01 = Vectors.MultiplyAdd(b, a0, y01);
            y11 = Vectors.MultiplyAdd(b, a1, y11);
            y21 = Vectors.MultiplyAdd(b, a2, y21);
            y31 = Vectors.MultiplyAdd(b, a3, y31);
            b = Vector512.LoadUnsafe(ref w, (nuint)(i + (2 * ColumnsAtOnce)));
            y02 = Vectors.MultiplyAdd(b, a0, y02);
            y12 = Vectors.MultiplyAdd(b, a1, y12);
            y22 = Vectors.MultiplyAdd(b, a2, y22);
            y32 = Vectors.MultiplyAdd(b, a3, y32);
            b = Vector512.LoadUnsafe(ref w, (nuint)(i + (3 * ColumnsAtOnce)));
            y03 = Vectors.MultiplyAdd(b, a0, y03);
            y13 = Vectors.MultiplyAdd(b, a1, y13);
            y23 = Vectors.MultiplyAdd(b, a2, y23);
            y33 = Vectors.MultiplyAdd(b, a3, y33);
            b = Vector512.LoadUnsafe(ref w, (nuint)(i + (4 * ColumnsAtOnce)));
            y04 = Vectors.MultiplyAdd(b, a0, y04);
            y14 = Vectors.MultiplyAdd(b, a1, y14);
            y24 = Vectors.MultiplyAdd(b, a2, y24);
            y34 = Vectors.MultiplyAdd(b, a3, y34);
            b = Vector512.LoadUnsafe(ref w, (nuint)(i + (5 * ColumnsAtOnce)));
            y05 = Vectors.MultiplyAdd(b, a0, y05);
            y15 = Vectors.MultiplyAdd(b, a1, y15);
            y25 = Vectors.MultiplyAdd(b, a2, y25);
            y35 = Vectors.MultiplyAdd(b, a3, y35);
        }

        (sums, Unsafe.Add(ref sums, 1), Unsafe.Add(ref sums, 2)) = (y00, y01, y02);
        (Unsafe.Add(ref sums, 3), Unsafe.Add(ref sums, 4), Unsafe.Add(ref sums, 5)) = (y03, y04, y05);
        (Unsafe.Add(ref sums, 6), Unsafe.Add(ref sums, 7), Unsafe.Add(ref sums, 8)) = (y10, y11, y12);
        (Unsafe.Add(ref sums, 9), Unsafe.Add(ref sums, 10), Unsafe.Add(ref sums, 11)) = (y13, y14, y15);
        (Unsafe.Add(ref sums, 12), Unsafe.Add(ref sums, 13), Unsafe.Add(ref sums, 14)) = (y20, y21, y22);
        (Unsafe.Add(ref sums, 15), Unsafe.Add(ref sums, 16), Unsafe.Add(ref sums, 17)) = (y23, y24, y25);
        (Unsafe.Add(ref sums, 18), Unsafe.Add(ref sums, 19), Unsafe.Add(ref sums, 20)) = (y30, y31, y32);
        (Unsafe.Add(ref sums, 21), Unsafe.Add(ref sums, 22), Unsafe.Add(ref sums, 23)) = (y33, y34, y35);
    }
}
