using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A block of attention on tensor cores (Dao, FlashAttention-2, arXiv 2307.08691). Each warp has 16 queries and scores a few
/// tiles of keys at once. The online softmax turns scores into weights in registers, in float32. Weights are rounded to 16 bits
/// and multiplied with the values. Values are copied to shared memory while keys are scored, and the next keys while values are
/// added up. Scores are in powers of two. A query's sums do not depend on the others of the block.
/// </summary>
internal readonly struct TensorAttention<THead, TScores>
    where THead : struct, ITensorHead
    where TScores : struct, ITensorScores
{
    /// <summary>Queries of one warp.</summary>
    public const int WarpRows = 16;

    private const float Log2E = 1.44269504f;
    private const float NaturalLogOf2 = 0.693147181f;

    // Below any score and far above a masked one, so that 2^(masked − max) is 0 from the first key on.
    private const float NoMax = -1e20f;

    private readonly AttentionInput<ushort> _input;
    private readonly TensorCache _cache;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TensorAttention(AttentionInput<ushort> input, TensorCache cache) => (_input, _cache) = (input, cache);

    /// <param name="firstTile">Where the first tiles to be taken together start, at or before the block's first.</param>
    /// <param name="firstRow">The warp's first query.</param>
    /// <param name="queries">Where the first token's queries of the kv head are, turned to their positions.</param>
    /// <param name="sharing">Warps that share the keys of the same queries, a power of two: each takes its own tiles, and the
    /// first joins them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend<TOutput>(
        AttentionBlock block, TensorQueries queries, AttentionOutput output, int firstTile, int firstRow, int sharing)
        where TOutput : struct, IAttendOutput
    {
        int tilesAtOnce = sharing * TScores.Tiles;
        int warpTile = sharing > 1 ? TensorLane.Warp * TScores.Tiles : 0;
        uint shared = TensorShared.Allocate();
        uint keys = shared;
        uint values = shared + (uint)(tilesAtOnce * TensorTiles<THead>.TileBytes);
        uint warpOffset = (uint)(warpTile * TensorTiles<THead>.TileBytes);
        uint laneKeys = Hoisted.Of(keys + warpOffset + TensorTiles<THead>.LaneKeys);
        uint laneValues = Hoisted.Of(values + warpOffset + TensorTiles<THead>.LaneValues);
        uint swizzle = Hoisted.Of(TensorTiles<THead>.LaneSwizzle);

        var tiles = new TensorTiles<THead>(_input, _cache, block);
        tiles.ClearPadding(keys, tilesAtOnce);
        tiles.LoadKeys(firstTile, tilesAtOnce, keys);
        var top = Row(block, queries, output, firstRow + TensorLane.Row);
        var bottom = Row(block, queries, output, firstRow + TensorLane.Row + 8);
        var topKeys = Visible(block, firstRow + TensorLane.Row);
        var bottomKeys = Visible(block, firstRow + TensorLane.Row + 8);
        // Positions that every query sees.
        int allFirst = Hoisted.Of(Visible(block, (block.Queries.Tokens * _input.Group) - 1).First);
        int allLast = Hoisted.Of(Visible(block, 0).Last);
        var head = default(THead);
        head.Begin(top, bottom, 0);
        float topMax = NoMax, bottomMax = NoMax, topSum = 0, bottomSum = 0;
        for (int tile = firstTile; tile < block.EndTile; tile += tilesAtOnce)
        {
            TensorShared.WaitForCopies();
            Group.Barrier();
            tiles.LoadValues(tile, tilesAtOnce, values);
            var scores = default(TScores);
            scores.Score(ref head, laneKeys);
            int from = (tile + warpTile) * TileLayout.Length;
            if (from < allFirst || from + (TScores.Tiles * TileLayout.Length) - 1 > allLast)
            {
                scores.Mask(topKeys.First - from, topKeys.Last - from, bottomKeys.First - from, bottomKeys.Last - from);
            }

            float topBefore = topMax;
            float bottomBefore = bottomMax;
            topMax = IntrinsicMath.Max(topMax, TensorLane.RowMax(scores.TopMax()));
            bottomMax = IntrinsicMath.Max(bottomMax, TensorLane.RowMax(scores.BottomMax()));
            scores.Exponentiate(topMax, bottomMax);
            float topKeep = KeyScores.PowerOfTwo(topBefore - topMax);
            float bottomKeep = KeyScores.PowerOfTwo(bottomBefore - bottomMax);
            topSum = (topSum * topKeep) + scores.TopSum();
            bottomSum = (bottomSum * bottomKeep) + scores.BottomSum();
            head.Scale(topKeep, bottomKeep);

            TensorShared.WaitForCopies();
            Group.Barrier();
            if (tile + tilesAtOnce < block.EndTile)
            {
                tiles.LoadKeys(tile + tilesAtOnce, tilesAtOnce, keys);
            }

            scores.AddTo(ref head, laneValues, swizzle);
        }

        topSum = TensorLane.RowSum(topSum);
        bottomSum = TensorLane.RowSum(bottomSum);
        for (int half = sharing / 2; half > 0; half /= 2)
        {
            Group.Barrier();
            uint slots = shared + (uint)(((TensorLane.Warp & (half - 1)) * SavedBytes) + (TensorLane.Index * sizeof(float)));
            if (TensorLane.Warp >= half && TensorLane.Warp < 2 * half)
            {
                TensorShared.Store(slots, topMax);
                TensorShared.Store(slots + TensorLane.SlotBytes, bottomMax);
                TensorShared.Store(slots + (2 * TensorLane.SlotBytes), topSum);
                TensorShared.Store(slots + (3 * TensorLane.SlotBytes), bottomSum);
                head.Save(slots + (4 * TensorLane.SlotBytes), 0);
            }

            Group.Barrier();
            if (TensorLane.Warp < half)
            {
                var upper = Join(
                    ref topMax, ref topSum, TensorShared.Load(slots), TensorShared.Load(slots + (2 * TensorLane.SlotBytes)));
                var lower = Join(
                    ref bottomMax, ref bottomSum, TensorShared.Load(slots + TensorLane.SlotBytes),
                    TensorShared.Load(slots + (3 * TensorLane.SlotBytes)));
                head.Scale(upper.Mine, lower.Mine);
                head.AddSaved(slots + (4 * TensorLane.SlotBytes), upper.Theirs, lower.Theirs, 0);
            }
        }

        if (sharing == 1 || TensorLane.Warp == 0)
        {
            head.Write<TOutput>(top, bottom, output.IsPart ? 1 : 1 / topSum, output.IsPart ? 1 : 1 / bottomSum, 0);
            if (output.IsPart && TensorLane.Column == 0)
            {
                top.WriteTail(topMax * NaturalLogOf2, topSum);
                bottom.WriteTail(bottomMax * NaturalLogOf2, bottomSum);
            }
        }
    }

    private static int SavedBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (4 + (THead.Size / 2)) * TensorLane.SlotBytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Mine, float Theirs) Join(ref float max, ref float sum, float theirMax, float theirSum)
    {
        float before = max;
        max = IntrinsicMath.Max(max, theirMax);
        float mine = KeyScores.PowerOfTwo(before - max);
        float theirs = KeyScores.PowerOfTwo(theirMax - max);
        sum = (sum * mine) + (theirSum * theirs);
        return (mine, theirs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private TensorRow Row(AttentionBlock block, TensorQueries queries, AttentionOutput output, int query)
    {
        // In place of one that does not exist the last is read.
        int count = block.Queries.Tokens * _input.Group;
        bool exists = query < count;
        query = IntrinsicMath.Min(query, count - 1);
        int token = query / _input.Group;
        int head = query % _input.Group;
        return new TensorRow(
            queries.View,
            queries.At + ((long)token * queries.TokenStride) + (head * queries.HeadStride),
            output.View,
            output.At + ((long)token * output.TokenStride) + (head * output.HeadStride),
            _input.HeadDim,
            _input.Scale * Log2E,
            exists);
    }

    // Positions that a query sees of the block's tiles.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (int First, int Last) Visible(AttentionBlock block, int query)
    {
        int position = block.Queries.Position + (query / _input.Group);
        return (
            IntrinsicMath.Max(position - _input.Window + 1, block.FirstTile * TileLayout.Length),
            IntrinsicMath.Min(position, (block.EndTile * TileLayout.Length) - 1));
    }
}
