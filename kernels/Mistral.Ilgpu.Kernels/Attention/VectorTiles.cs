using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="IAttentionTiles{TSelf,TElement}"/> for the CPU accelerator. A tile's keys and values are decoded into the stack
/// once for all queries of the block. Scores are sums side by side over its sixteen positions, outputs over sixteen elements.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly struct VectorTiles<TCache, TElement> : IAttentionTiles<VectorTiles<TCache, TElement>, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int MaxHeadDim = 256;

    // Queries that are taken together.
    private const int AtOnce = 4;

    private readonly AttentionInput<TElement> _input;

    private VectorTiles(AttentionInput<TElement> input) => _input = input;

    static VectorTiles<TCache, TElement> IAttentionTiles<VectorTiles<TCache, TElement>, TElement>.Create(
        AttentionInput<TElement> input) => new(input);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Attend(AttentionBlock block, AttentionOutput output)
    {
        Span<float> keys = stackalloc float[MaxHeadDim * Vectors.Count];
        Span<float> values = stackalloc float[MaxHeadDim * Vectors.Count];
        Span<float> max = stackalloc float[AttentionBlock.MaxQueries];
        Span<float> sum = stackalloc float[AttentionBlock.MaxQueries];
        var decoding = new TileDecoding<TCache, TElement>(_input);
        int queries = block.Queries.Tokens * _input.Group;
        ref float rows = ref _input.Qkv[(block.Queries.FirstToken * (long)_input.QueryStride)
            + (block.KvHead * _input.Group * _input.HeadDim)];
        ref float outputs = ref output.View[output.At];
        max[..queries].Fill(AttentionScore.Masked);
        sum[..queries].Clear();
        for (int query = 0; query < queries; query++)
        {
            MemoryMarshal.CreateSpan(ref OutputOf(ref outputs, output, query), _input.HeadDim).Clear();
        }

        for (int tile = block.FirstTile; tile < block.EndTile; tile++)
        {
            decoding.Keys(block, tile, ref keys[0]);
            decoding.Values(block, tile, ref values[0]);
            for (int query = 0; query < queries; query += AtOnce)
            {
                Take(
                    block, tile, query, Math.Min(AtOnce, queries - query), ref keys[0], ref values[0],
                    ref rows, ref outputs, output, ref max[query], ref sum[query]);
            }
        }

        for (int query = 0; query < queries; query++)
        {
            ref float y = ref OutputOf(ref outputs, output, query);
            if (output.IsPart)
            {
                Unsafe.Add(ref y, _input.HeadDim) = max[query];
                Unsafe.Add(ref y, _input.HeadDim + 1) = sum[query];
                continue;
            }

            float norm = 1 / sum[query];
            for (int d = 0; d < _input.HeadDim; d += Vectors.Count)
            {
                (Vector512.LoadUnsafe(ref y, (nuint)d) * norm).StoreUnsafe(ref y, (nuint)d);
            }
        }
    }

    // Takes a tile into the outputs, largest scores and sums of weights of a few queries. A missing one repeats the last.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(
        AttentionBlock block, int tile, int query, int count, ref float keys, ref float values,
        ref float rows, ref float outputs, AttentionOutput output, ref float max, ref float sum)
    {
        int headDim = _input.HeadDim;
        ref float q0 = ref QueryOf(ref rows, query);
        ref float q1 = ref QueryOf(ref rows, query + Math.Min(1, count - 1));
        ref float q2 = ref QueryOf(ref rows, query + Math.Min(2, count - 1));
        ref float q3 = ref QueryOf(ref rows, query + Math.Min(3, count - 1));
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default;
        Vector512<float> b0 = default, b1 = default, b2 = default, b3 = default;
        for (nint d = 0; d < headDim; d += 2)
        {
            var key = Vector512.LoadUnsafe(ref keys, (nuint)(d * Vectors.Count));
            a0 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q0, d)), key, a0);
            a1 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q1, d)), key, a1);
            a2 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q2, d)), key, a2);
            a3 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q3, d)), key, a3);
            key = Vector512.LoadUnsafe(ref keys, (nuint)((d + 1) * Vectors.Count));
            b0 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q0, d + 1)), key, b0);
            b1 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q1, d + 1)), key, b1);
            b2 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q2, d + 1)), key, b2);
            b3 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q3, d + 1)), key, b3);
        }

        Span<Vector512<float>> scores = stackalloc Vector512<float>[AtOnce];
        Span<float> keep = stackalloc float[AtOnce];
        (scores[0], scores[1], scores[2], scores[3]) = (a0 + b0, a1 + b1, a2 + b2, a3 + b3);
        for (int i = 0; i < AtOnce; i++)
        {
            if (i < count)
            {
                keep[i] = Weigh(block, tile, query + i, ref scores[i], ref Unsafe.Add(ref max, i), ref Unsafe.Add(ref sum, i));
            }
            else
            {
                (keep[i], scores[i]) = (keep[count - 1], scores[count - 1]);
            }
        }

        ref float y0 = ref OutputOf(ref outputs, output, query);
        ref float y1 = ref OutputOf(ref outputs, output, query + Math.Min(1, count - 1));
        ref float y2 = ref OutputOf(ref outputs, output, query + Math.Min(2, count - 1));
        ref float y3 = ref OutputOf(ref outputs, output, query + Math.Min(3, count - 1));
        ref float weights = ref Unsafe.As<Vector512<float>, float>(ref scores[0]);
        // Two vectors of each output at once, because an addition waits for the one before. An odd last one is taken twice.
        for (nint d = 0; d < headDim; d += 2 * Vectors.Count)
        {
            nint next = Math.Min(d + Vectors.Count, headDim - Vectors.Count);
            var s0 = Vector512.LoadUnsafe(ref y0, (nuint)d) * keep[0];
            var s1 = Vector512.LoadUnsafe(ref y1, (nuint)d) * keep[1];
            var s2 = Vector512.LoadUnsafe(ref y2, (nuint)d) * keep[2];
            var s3 = Vector512.LoadUnsafe(ref y3, (nuint)d) * keep[3];
            var t0 = Vector512.LoadUnsafe(ref y0, (nuint)next) * keep[0];
            var t1 = Vector512.LoadUnsafe(ref y1, (nuint)next) * keep[1];
            var t2 = Vector512.LoadUnsafe(ref y2, (nuint)next) * keep[2];
            var t3 = Vector512.LoadUnsafe(ref y3, (nuint)next) * keep[3];
            for (nint i = 0; i < Vectors.Count; i++)
            {
                var w0 = Vector512.Create(Unsafe.Add(ref weights, i));
                var w1 = Vector512.Create(Unsafe.Add(ref weights, i + Vectors.Count));
                var w2 = Vector512.Create(Unsafe.Add(ref weights, i + (2 * Vectors.Count)));
                var w3 = Vector512.Create(Unsafe.Add(ref weights, i + (3 * Vectors.Count)));
                var v = Vector512.LoadUnsafe(ref values, (nuint)((i * headDim) + d));
                s0 = Vectors.MultiplyAdd(w0, v, s0);
                s1 = Vectors.MultiplyAdd(w1, v, s1);
                s2 = Vectors.MultiplyAdd(w2, v, s2);
                s3 = Vectors.MultiplyAdd(w3, v, s3);
                v = Vector512.LoadUnsafe(ref values, (nuint)((i * headDim) + next));
                t0 = Vectors.MultiplyAdd(w0, v, t0);
                t1 = Vectors.MultiplyAdd(w1, v, t1);
                t2 = Vectors.MultiplyAdd(w2, v, t2);
                t3 = Vectors.MultiplyAdd(w3, v, t3);
            }

            s0.StoreUnsafe(ref y0, (nuint)d);
            s1.StoreUnsafe(ref y1, (nuint)d);
            s2.StoreUnsafe(ref y2, (nuint)d);
            s3.StoreUnsafe(ref y3, (nuint)d);
            t0.StoreUnsafe(ref y0, (nuint)next);
            t1.StoreUnsafe(ref y1, (nuint)next);
            t2.StoreUnsafe(ref y2, (nuint)next);
            t3.StoreUnsafe(ref y3, (nuint)next);
        }
    }

    // Replaces a query's sums by its weights of the tile's positions.
    /// <returns>What the output before is multiplied with.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Weigh(AttentionBlock block, int tile, int query, ref Vector512<float> scores, ref float max, ref float sum)
    {
        // The tile's first and last position that the query sees; it may see none.
        int position = block.Queries.Position + (query / _input.Group) - (tile * Vectors.Count);
        int first = SlidingWindow.FirstVisible(position + (tile * Vectors.Count), _input.Window) - (tile * Vectors.Count);
        var seen = Vector512<float>.AllBitsSet;
        var masked = scores * _input.Scale;
        if (first > 0 || position < Vectors.Count - 1)
        {
            var lane = Vector512<int>.Indices;
            seen = (Vector512.GreaterThanOrEqual(lane, Vector512.Create(first))
                & Vector512.LessThanOrEqual(lane, Vector512.Create(position))).AsSingle();
            masked = Vector512.ConditionalSelect(seen, masked, Vector512.Create(AttentionScore.Masked));
        }

        // Behind a long text few tiles have a larger score than all before.
        float keep = 1;
        if (Vector512.GreaterThanAny(masked, Vector512.Create(max)))
        {
            float before = max;
            max = Vectors.Max(masked);
            keep = SoftmaxExp.Of(before - max);
        }

        scores = Vectors.SoftmaxExp(masked - Vector512.Create(max)) & seen;
        sum = (sum * keep) + Vectors.Sum(scores);
        return keep;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref float QueryOf(ref float rows, int query) => ref Unsafe.Add(
        ref rows, ((nint)(query / _input.Group) * _input.QueryStride) + (query % _input.Group * _input.HeadDim));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref float OutputOf(ref float outputs, AttentionOutput output, int query) => ref Unsafe.Add(
        ref outputs, ((nint)(query / _input.Group) * output.TokenStride) + (query % _input.Group * output.HeadStride));
}
