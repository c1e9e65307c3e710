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
        int queries = block.Queries.Tokens * _input.Group;
        max[..queries].Fill(AttentionScore.Masked);
        sum[..queries].Clear();
        for (int query = 0; query < queries; query++)
        {
            MemoryMarshal.CreateSpan(ref OutputOf(output, query), _input.HeadDim).Clear();
        }

        for (int tile = block.FirstTile; tile < block.EndTile; tile++)
        {
            var side = new Sides(block, tile);
            DecodeKeys(side, block, tile, ref keys[0]);
            DecodeValues(side, block, tile, ref values[0]);
            for (int query = 0; query < queries; query++)
            {
                Take(block, tile, query, ref keys[0], ref values[0], ref OutputOf(output, query), ref max[query], ref sum[query]);
            }
        }

        for (int query = 0; query < queries; query++)
        {
            ref float y = ref OutputOf(output, query);
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

    // Takes a tile into a query's output, largest score and sum of weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(
        AttentionBlock block, int tile, int query, ref float keys,
        ref float values, ref float output, ref float max, ref float sum)
    {
        int token = query / _input.Group;
        int position = block.Queries.Position + token;
        // The tile's first and last position that the query sees.
        int firstLane = Math.Max(0, SlidingWindow.FirstVisible(position, _input.Window) - (tile * Vectors.Count));
        int lastLane = Math.Min(Vectors.Count - 1, position - (tile * Vectors.Count));
        if (firstLane > lastLane)
        {
            return;
        }

        int head = (block.KvHead * _input.Group) + (query % _input.Group);
        ref float q = ref _input.Qkv[((long)(block.Queries.FirstToken + token) * _input.QueryStride) + (head * _input.HeadDim)];
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        for (nint d = 0; d < _input.HeadDim; d += 4)
        {
            ref float key = ref Unsafe.Add(ref keys, d * Vectors.Count);
            s0 = Vectors.MultiplyAdd(Vector512.Create(Unsafe.Add(ref q, d)), Vector512.LoadUnsafe(ref key), s0);
            s1 = Vectors.MultiplyAdd(
                Vector512.Create(Unsafe.Add(ref q, d + 1)), Vector512.LoadUnsafe(ref key, Vectors.Count), s1);
            s2 = Vectors.MultiplyAdd(
                Vector512.Create(Unsafe.Add(ref q, d + 2)), Vector512.LoadUnsafe(ref key, 2 * Vectors.Count), s2);
            s3 = Vectors.MultiplyAdd(
                Vector512.Create(Unsafe.Add(ref q, d + 3)), Vector512.LoadUnsafe(ref key, 3 * Vectors.Count), s3);
        }

        var lane = Vector512<int>.Indices;
        var seen = (Vector512.GreaterThanOrEqual(lane, Vector512.Create(firstLane))
            & Vector512.LessThanOrEqual(lane, Vector512.Create(lastLane))).AsSingle();
        var scores = Vector512.ConditionalSelect(
            seen, ((s0 + s1) + (s2 + s3)) * _input.Scale, Vector512.Create(AttentionScore.Masked));
        float before = max;
        max = MathF.Max(before, Vectors.Max(scores));
        float keep = SoftmaxExp.Of(before - max);
        var weights = Vectors.SoftmaxExp(scores - Vector512.Create(max)) & seen;
        sum = (sum * keep) + Vectors.Sum(weights);
        for (nint d = 0; d < _input.HeadDim; d += Vectors.Count)
        {
            var y = Vector512.LoadUnsafe(ref output, (nuint)d) * keep;
            // Lanes that the query does not see are not read: what lies there need not be a number.
            for (int i = firstLane; i <= lastLane; i++)
            {
                y = Vectors.MultiplyAdd(
                    Vector512.Create(weights[i]), Vector512.LoadUnsafe(ref values, (nuint)((i * _input.HeadDim) + d)), y);
            }

            y.StoreUnsafe(ref output, (nuint)d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref float OutputOf(AttentionOutput output, int query) =>
        ref output.View[output.At + ((long)(query / _input.Group) * output.TokenStride)
            + (query % _input.Group * output.HeadStride)];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecodeKeys(Sides sides, AttentionBlock block, int tile, ref float to)
    {
        var fresh = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(sides.FirstFresh)).AsSingle();
        if (sides.FirstFresh > 0)
        {
            int from = _input.Table.Find(block.Queries.Sequence, tile);
            DecodeKeys(_input.Ring, from, block.KvHead, ref to, Vector512<float>.AllBitsSet);
        }

        if (sides.HasFresh)
        {
            DecodeKeys(_input.Fresh, sides.FreshTile, block.KvHead, ref to, fresh);
        }
    }

    // Overwrites the lanes of the mask.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DecodeKeys(KvTiles<TElement> tiles, int tile, int kvHead, ref float to, Vector512<float> mask)
    {
        ref var keys = ref tiles.Keys[TileLayout.At(tile, _input.KvHeads, kvHead, _input.HeadDim)];
        long scalesAt = TileLayout.ScalesAt(tile, _input.KvHeads, kvHead, _input.HeadDim);
        var scale = Vector512<float>.One;
        for (int d = 0; d < _input.HeadDim; d++)
        {
            if (TCache.IsScaled && d % TileLayout.Run == 0)
            {
                scale = Float16.DecodeVector(ref tiles.KeyScales[scalesAt + (d / TileLayout.Run * Vectors.Count)]);
            }

            ref float lanes = ref Unsafe.Add(ref to, d * Vectors.Count);
            var key = TCache.DecodeVector(ref Unsafe.Add(ref keys, d * Vectors.Count));
            key = TCache.IsScaled ? key * scale : key;
            Vector512.ConditionalSelect(mask, key, Vector512.LoadUnsafe(ref lanes)).StoreUnsafe(ref lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void DecodeValues(Sides sides, AttentionBlock block, int tile, ref float to)
    {
        if (sides.FirstFresh > 0)
        {
            DecodeValues(
                _input.Ring, _input.Table.Find(block.Queries.Sequence, tile),
                block.KvHead, ref to, 0, Math.Min(sides.FirstFresh, Vectors.Count));
        }

        if (sides.HasFresh)
        {
            DecodeValues(_input.Fresh, sides.FreshTile, block.KvHead, ref to, Math.Max(0, sides.FirstFresh), Vectors.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DecodeValues(KvTiles<TElement> tiles, int tile, int kvHead, ref float to, int firstLane, int endLane)
    {
        ref var values = ref tiles.Values[TileLayout.At(tile, _input.KvHeads, kvHead, _input.HeadDim)];
        long scalesAt = TileLayout.ScalesAt(tile, _input.KvHeads, kvHead, _input.HeadDim);
        int runs = _input.HeadDim / TileLayout.Run;
        for (int lane = firstLane; lane < endLane; lane++)
        {
            for (int d = 0; d < _input.HeadDim; d += Vectors.Count)
            {
                int at = (lane * _input.HeadDim) + d;
                var value = TCache.DecodeVector(ref Unsafe.Add(ref values, at));
                value = TCache.IsScaled
                    ? value * Float16.Decode(tiles.ValueScales[scalesAt + (lane * runs) + (d / TileLayout.Run)])
                    : value;
                value.StoreUnsafe(ref to, (nuint)at);
            }
        }
    }

    /// <summary>Where a tile's keys are: lanes before <see cref="FirstFresh"/> in the ring, later ones in the fresh
    /// tiles.</summary>
    private readonly struct Sides(AttentionBlock block, int tile)
    {
        public readonly int FirstFresh = block.Queries.Start - (tile * Vectors.Count);

        public readonly bool HasFresh =
            block.Queries.Start - (tile * Vectors.Count)
                < Math.Min(Vectors.Count, block.Queries.Position + block.Queries.Tokens - (tile * Vectors.Count));

        public readonly int FreshTile = block.Queries.FreshTile + tile - (block.Queries.Start / Vectors.Count);
    }
}
