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
        var fresh = Vector512.GreaterThanOrEqual(Vector512<int>.Indices, Vector512.Create(sides.FirstFresh)).AsSingle();
        if (sides.FirstFresh > 0)
        {
            int from = input.Table.Find(block.Queries.Sequence, tile);
            DecodeKeys(input.Ring, from, block.KvHead, ref to, Vector512<float>.AllBitsSet);
        }

        if (sides.HasFresh)
        {
            DecodeKeys(input.Fresh, sides.FreshTile, block.KvHead, ref to, fresh);
        }
    }

    // Overwrites the lanes of the mask.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DecodeKeys(KvTiles<TElement> tiles, int tile, int kvHead, ref float to, Vector512<float> mask)
    {
        ref var keys = ref tiles.Keys[TileLayout.At(tile, input.KvHeads, kvHead, input.HeadDim)];
        long scalesAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, input.HeadDim);
        var scale = Vector512<float>.One;
        for (int d = 0; d < input.HeadDim; d++)
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
    public void Values(AttentionBlock block, int tile, ref float to)
    {
        var sides = new Sides(block, tile);
        if (sides.FirstFresh > 0)
        {
            DecodeValues(
                input.Ring, input.Table.Find(block.Queries.Sequence, tile),
                block.KvHead, ref to, 0, Math.Min(sides.FirstFresh, Vectors.Count));
        }

        if (sides.HasFresh)
        {
            DecodeValues(input.Fresh, sides.FreshTile, block.KvHead, ref to, Math.Max(0, sides.FirstFresh), Vectors.Count);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DecodeValues(KvTiles<TElement> tiles, int tile, int kvHead, ref float to, int firstLane, int endLane)
    {
        ref var values = ref tiles.Values[TileLayout.At(tile, input.KvHeads, kvHead, input.HeadDim)];
        long scalesAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, input.HeadDim);
        int runs = input.HeadDim / TileLayout.Run;
        for (int lane = firstLane; lane < endLane; lane++)
        {
            for (int d = 0; d < input.HeadDim; d += Vectors.Count)
            {
                int at = (lane * input.HeadDim) + d;
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
