using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A split of a decoded token's attention over a cache of eight bits, for up to eight heads of a kv head. The warps take turns
/// with the tiles, and each copies the next while it works on one. Keys and queries are multiplied as bytes, a run at a time. The
/// online softmax turns scores into weights in registers, in float32. Weights are rounded to halves and multiplied with the
/// values, which are the left matrix: as the scores lie, so do the right one's factors. Scores are in powers of two. In the end
/// the warps' outputs are added up in the warps' order.
/// </summary>
internal readonly struct QuantAttention<THead>
    where THead : struct, IQuantHead
{
    private const int Warps = TensorForms.QuantGroup / TensorLane.WarpSize;
    private const float NaturalLogOf2 = 0.693147181f;

    // Below any score and far above a masked one, so that 2^(masked − max) is 0 from the first key on.
    private const float NoMax = -1e20f;

    // Weights are 2^6 at most, because times a scale they are halves again: with scales of 2^-6, values up to two, small weights
    // lose no more than alone. Scales up to 1,023, values up to 129,921, leave the products finite.
    private const float WeightBits = 6;

    private readonly AttentionInput<sbyte> _input;
    private readonly QuantCache _cache;
    private readonly AttentionBlock _block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QuantAttention(AttentionInput<sbyte> input, QuantCache cache, AttentionBlock block) =>
        (_input, _cache, _block) = (input, cache, block);

    private static int HeadDim
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Runs * TileLayout.Run;
    }

    // Bytes of a warp's outputs of a head. What follows puts the heads that lanes store at once into different banks.
    private static int SavedBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (HeadDim + 8) * sizeof(float);
    }

    /// <summary>All of the group call it.</summary>
    /// <param name="output">The kv head's part.</param>
    /// <param name="firstHead">Of the heads, among those of the kv head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(ArrayView<ulong> frequencies, AttentionOutput output, int firstHead, int heads)
    {
        uint shared = TensorShared.AllocateQuants();
        uint queries = shared + (uint)(Warps * QuantTiles<THead>.Bytes);
        uint scales = queries + (uint)(TensorForms.QuantHeads * QuantTurn<THead>.QueryBytes);
        var tiles = new QuantTiles<THead>(
            _input, _cache, _block, Hoisted.Of(shared + (uint)(TensorLane.Warp * QuantTiles<THead>.Bytes)));
        int tile = _block.FirstTile + TensorLane.Warp;
        bool hasTile = tile < _block.EndTile;
        // The token's own tile is loaded when its key and value are there.
        bool isEarly = hasTile && tile < _block.Queries.Position / TileLayout.Length;
        if (isEarly)
        {
            Load(tiles, tile);
        }

        new QuantTurn<THead>(_input, _block, queries, scales).Do(
            frequencies, (_block.KvHead * _input.Group) + firstHead, heads);
        Group.Barrier();
        if (hasTile && !isEarly)
        {
            Load(tiles, tile);
        }

        // Lanes of heads that do not exist repeat the last.
        int lane = IntrinsicMath.Min(TensorLane.Row, heads - 1);
        var head = default(THead);
        head.Begin(
            queries + (uint)((lane * QuantTurn<THead>.QueryBytes) + ((TensorLane.Index & 3) * 16)),
            scales + (uint)(lane * THead.Runs * sizeof(float)));
        float max = NoMax, sum = 0;
        Take(ref head, ref max, ref sum, tiles, tile);
        sum = TensorLane.RowSum(sum);
        Group.Barrier();
        Join(head, shared, queries, max, sum);
        Group.Barrier();
        Write(shared, queries, output.View, output.At + ((long)firstHead * output.HeadStride), output.HeadStride, heads);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(QuantTiles<THead> tiles, int tile)
    {
        int found = tiles.Find(tile);
        tiles.LoadKeys(found);
        TileMemory.Commit();
        tiles.LoadValues(found);
        TileMemory.Commit();
    }

    // Two stages of copies are under way at the start of a round: keys, then values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Take(ref THead head, ref float max, ref float sum, QuantTiles<THead> tiles, int tile)
    {
        int firstSeen = SlidingWindow.FirstVisible(_block.Queries.Position, _input.Window);
        int firstLane = Hoisted.Of(TensorLane.Column * 4);
        for (; tile < _block.EndTile; tile += Warps)
        {
            TileMemory.WaitForAllButOne();
            Warp.Barrier();
            var scores = default(QuantScores);
            head.Score(ref scores, tiles.LaneKeys, tiles.LaneKeyScales);
            bool hasNext = tile + Warps < _block.EndTile;
            int found = hasNext ? tiles.Find(tile + Warps) : 0;
            Warp.Barrier();
            if (hasNext)
            {
                tiles.LoadKeys(found);
            }

            TileMemory.Commit();
            int first = firstSeen - (tile * TileLayout.Length);
            int last = _block.Queries.Position - (tile * TileLayout.Length);
            bool isWhole = first <= 0 && last >= TileLayout.Length - 1;
            if (!isWhole)
            {
                scores.Mask(first, last);
            }

            float before = max;
            max = IntrinsicMath.Max(max, TensorLane.RowMax(scores.Max()));
            scores.Exponentiate(max - WeightBits);
            float keep = KeyScores.PowerOfTwo(before - max);
            sum = (sum * keep) + scores.Sum();
            head.Scale(Warp.Shuffle(keep, firstLane), Warp.Shuffle(keep, firstLane + 4));

            TileMemory.WaitForAllButOne();
            if (!isWhole)
            {
                // Each lane waits for its own copies alone.
                Warp.Barrier();
                tiles.ClearUnseen(first, last);
            }

            Warp.Barrier();
            head.Add(
                Float16Tensor.Pair(scores.A, scores.C), Float16Tensor.Pair(scores.B, scores.D), tiles.LaneValues,
                tiles.LaneValueScales, (uint)QuantTiles<THead>.ScaleBytes);
            Warp.Barrier();
            if (hasNext)
            {
                tiles.LoadValues(found);
            }

            TileMemory.Commit();
        }
    }

    // Leaves each warp's outputs where the tiles were, and its largest scores and sums where the queries were: warps × heads.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Join(THead head, uint outputs, uint tails, float max, float sum)
    {
        uint own = tails + (uint)(TensorLane.Warp * TensorForms.QuantHeads * 2 * sizeof(float));
        if (TensorLane.Column == 0)
        {
            TensorShared.StorePair(own + (uint)(TensorLane.Row * 2 * sizeof(float)), max, sum);
        }

        Group.Barrier();
        var (first, second) = (TensorLane.Column, TensorLane.Column + 1);
        uint to = outputs + (uint)((((TensorLane.Warp * TensorForms.QuantHeads) + first) * SavedBytes)
            + (2 * TensorLane.Row * sizeof(float)));
        head.Save(to, to + (uint)SavedBytes, Keep(tails, TensorLane.Warp, first), Keep(tails, TensorLane.Warp, second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Tail(uint tails, int warp, int head) =>
        tails + (uint)(((warp * TensorForms.QuantHeads) + head) * 2 * sizeof(float));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Max(uint tails, int head) => IntrinsicMath.Max(
        IntrinsicMath.Max(TensorShared.Load(Tail(tails, 0, head)), TensorShared.Load(Tail(tails, 1, head))),
        IntrinsicMath.Max(TensorShared.Load(Tail(tails, 2, head)), TensorShared.Load(Tail(tails, 3, head))));

    /// <summary>What a warp's outputs of a head are multiplied with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Keep(uint tails, int warp, int head) =>
        KeyScores.PowerOfTwo(TensorShared.Load(Tail(tails, warp, head)) - Max(tails, head));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(uint outputs, uint tails, ArrayView<float> to, long at, int headStride, int heads)
    {
        const int AtOnce = 4;
        int perHead = HeadDim / AtOnce;
        for (int item = Group.IdxX; item < heads * perHead; item += TensorForms.QuantGroup)
        {
            int head = (int)((uint)item / (uint)perHead);
            int four = item - (head * perHead);
            uint from = outputs + (uint)((head * SavedBytes) + (four * AtOnce * sizeof(float)));
            var total = default(Floats4);
            for (int warp = 0; warp < Warps; warp++)
            {
                var part = TensorShared.LoadFloats(from + (uint)(warp * TensorForms.QuantHeads * SavedBytes));
                total = new Floats4 { A = total.A + part.A, B = total.B + part.B, C = total.C + part.C, D = total.D + part.D };
            }

            to.Cast<Floats4>()[((at + ((long)head * headStride)) / AtOnce) + four] = total;
        }

        if (Group.IdxX < heads)
        {
            float sum = 0;
            for (int warp = 0; warp < Warps; warp++)
            {
                sum += Keep(tails, warp, Group.IdxX) * TensorShared.Load(Tail(tails, warp, Group.IdxX) + sizeof(float));
            }

            long tail = at + ((long)Group.IdxX * headStride) + HeadDim;
            to[tail] = Max(tails, Group.IdxX) * NaturalLogOf2;
            to[tail + 1] = sum;
        }
    }
}
