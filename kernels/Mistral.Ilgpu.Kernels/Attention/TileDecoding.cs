using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>Decodes tiles of keys and values to floats, for <see cref="VectorTiles{TCache,TElement}"/>.</summary>
internal readonly struct TileDecoding<TCache, TElement>(AttentionInput<TElement> input)
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Keys(AttentionBlock block, int tile, ref float to)
    {
        var sides = new Sides(block, tile);
        if (sides.FirstFresh > 0)
        {
            int from = input.Table.Find(block.Queries.Sequence, tile);
            DecodeKeys(input.Ring, from, Next(block, tile, from), block.KvHead, ref to, 0);
        }

        if (sides.HasFresh)
        {
            DecodeKeys(input.Fresh, sides.FreshTile, sides.FreshTile, block.KvHead, ref to, sides.FirstFresh);
        }
    }

    // The tile of the ring behind one. Its keys and values are prefetched while this one's are decoded: a kv head's part of a
    // tile is shorter than a page, and processors' own prefetching ends there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Next(AttentionBlock block, int tile, int from) =>
        tile + 1 < block.EndTile && block.Queries.Start > (tile + 1) * Vectors.Count
            ? input.Table.Find(block.Queries.Sequence, tile + 1)
            : from;

    // Leaves the lanes before the first as they are. Not inlined twice, because the runtime compiles it at every start.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void DecodeKeys(in KvTiles<TElement> tiles, int tile, int next, int kvHead, ref float to, int firstLane)
    {
        int headDim = input.HeadDim;
        ref var keys = ref tiles.Keys[TileLayout.At(tile, input.KvHeads, kvHead, headDim)];
        ref var ahead = ref tiles.Keys[TileLayout.At(next, input.KvHeads, kvHead, headDim)];
        long scalesAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, headDim);
        var mask = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(firstLane)).AsSingle();
        var scale = Vector512<float>.One;
        for (int d = 0; d < headDim; d++)
        {
            if (TCache.IsScaled && d % TileLayout.Run == 0)
            {
                scale = Float16.DecodeVector(ref tiles.KeyScales[scalesAt + (d / TileLayout.Run * Vectors.Count)]);
            }

            Vectors.PrefetchAt(ref Unsafe.Add(ref ahead, d * Vectors.Count));
            ref float lanes = ref Unsafe.Add(ref to, d * Vectors.Count);
            var key = TCache.DecodeVector(ref Unsafe.Add(ref keys, d * Vectors.Count));
            key = TCache.IsScaled ? key * scale : key;
            key = firstLane <= 0 ? key : Vector512.ConditionalSelect(mask, key, Vector512.LoadUnsafe(ref lanes));
            key.StoreUnsafe(ref lanes);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Values(AttentionBlock block, int tile, ref float to)
    {
        var sides = new Sides(block, tile);
        if (sides.FirstFresh > 0)
        {
            int from = input.Table.Find(block.Queries.Sequence, tile);
            DecodeValues(
                input.Ring, from, Next(block, tile, from), block.KvHead, ref to, 0, Math.Min(sides.FirstFresh, Vectors.Count));
        }

        if (sides.HasFresh)
        {
            DecodeValues(
                input.Fresh, sides.FreshTile, sides.FreshTile, block.KvHead, ref to,
                Math.Max(0, sides.FirstFresh), Vectors.Count);
        }

        // What lies where no query of the block sees need not be a number.
        int first = SlidingWindow.FirstVisible(block.Queries.Position, input.Window) - (tile * Vectors.Count);
        int end = block.Queries.Position + block.Queries.Tokens - (tile * Vectors.Count);
        for (int lane = 0; lane < Vectors.Count; lane++)
        {
            if (lane < first || lane >= end)
            {
                MemoryMarshal.CreateSpan(ref Unsafe.Add(ref to, lane * input.HeadDim), input.HeadDim).Clear();
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void DecodeValues(
        in KvTiles<TElement> tiles, int tile, int next, int kvHead, ref float to, int firstLane, int endLane)
    {
        int headDim = input.HeadDim;
        ref var values = ref tiles.Values[TileLayout.At(tile, input.KvHeads, kvHead, headDim)];
        ref var ahead = ref tiles.Values[TileLayout.At(next, input.KvHeads, kvHead, headDim)];
        long scalesAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, headDim);
        for (int at = firstLane * headDim; at < endLane * headDim; at += Vectors.Count)
        {
            Vectors.PrefetchAt(ref Unsafe.Add(ref ahead, at));
            var value = TCache.DecodeVector(ref Unsafe.Add(ref values, at));
            value = TCache.IsScaled ? value * Float16.Decode(tiles.ValueScales[scalesAt + (at / TileLayout.Run)]) : value;
            value.StoreUnsafe(ref to, (nuint)at);
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
