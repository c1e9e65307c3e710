using ILGPU;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>The buffers and shapes that every form of attention reads.</summary>
/// <param name="Qkv">tokens × QueryStride; the first heads × headDim of a row are its turned queries.</param>
/// <param name="FreshKeys">tokens × kvHeads × headDim: the chunk's own keys, not yet in the ring.</param>
/// <param name="FreshValues">As <paramref name="FreshKeys"/>.</param>
/// <param name="Keys">The ring: window × kvHeads × headDim.</param>
/// <param name="Values">As <paramref name="Keys"/>.</param>
/// <param name="Output">tokens × OutputStride, heads × headDim of it used.</param>
public readonly record struct AttentionInput<TElement>(
    ArrayView<int> State,
    ArrayView<float> Qkv,
    ArrayView<TElement> FreshKeys,
    ArrayView<TElement> FreshValues,
    ArrayView<TElement> Keys,
    ArrayView<TElement> Values,
    ArrayView<float> Output,
    int Heads,
    int KvHeads,
    int HeadDim,
    int Window,
    int QueryStride,
    int OutputStride,
    float Scale)
    where TElement : unmanaged
{
    /// <summary>Grouped-query attention (Ainslie et al., arXiv 2305.13245): neighbouring query heads share a kv head.</summary>
    public int KvHead(int head) => head / (Heads / KvHeads);

    /// <summary>Where head's key or value for a position starts in the ring.</summary>
    public long RingIndex(int position, int head) =>
        (((long)SlidingWindow.Slot(position, Window) * KvHeads) + KvHead(head)) * HeadDim;

    /// <summary>Where head's key or value for a token of the chunk starts among the fresh ones.</summary>
    public long FreshIndex(int token, int head) => (((long)token * KvHeads) + KvHead(head)) * HeadDim;
}

/// <summary>
/// Causal attention over the last window positions: out[t, h] = Σ_p softmax_p(scale × q[t, h] · k[p]) v[p], p from
/// position − W + 1 to position. Keys before the chunk come from the ring, the chunk's own from the fresh buffers, so that
/// nothing a chunk's first queries need is evicted by its last (Mistral 7B, arXiv 2310.06825, "pre-fill and chunking").
/// Row form: one work item per token and head, positions in order, the output accumulated in place; no barriers.
/// </summary>
public readonly record struct AttendRow<TCache, TElement>(AttentionInput<TElement> Input) : IKernel
    where TCache : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        int start = Input.State[StepState.StartPosition];
        long items = (long)Input.State[StepState.TokenCount] * Input.Heads;
        for (long item = WorkItems.First; item < items; item += WorkItems.Count)
        {
            int token = (int)(item / Input.Heads);
            int head = (int)(item % Input.Heads);
            AttendOne(start, token, head);
        }
    }

    private void AttendOne(int start, int token, int head)
    {
        var row = new AttentionRow<TCache, TElement>(Input, token, head);
        var softmax = row.Begin();
        int position = start + token;
        int first = SlidingWindow.FirstVisible(position, Input.Window);
        for (int p = first; p < start; p++)
        {
            row.Take(ref softmax, Input.Keys, Input.Values, Input.RingIndex(p, head));
        }

        for (int p = IntrinsicMath.Max(first, start); p <= position; p++)
        {
            row.Take(ref softmax, Input.FreshKeys, Input.FreshValues, Input.FreshIndex(p - start, head));
        }

        row.Finish(softmax);
    }
}

/// <summary>
/// <see cref="AttendRow{TCache,TElement}"/> for GPUs: one group per token (grid y) and head (grid x). Tiles of as many keys
/// as the group has items: first an item scores one key, then it sums one element of the values over the tile.
/// Group size: a power of two up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
public readonly record struct AttendGroup<TCache, TElement>(AttentionInput<TElement> Input) : IKernel
    where TCache : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        var weights = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        int head = Grid.IdxX;
        int token = Grid.IdxY;
        int item = Group.IdxX;
        int headDim = Input.HeadDim;
        int start = Input.State[StepState.StartPosition];
        int position = start + token;
        long queryAt = ((long)token * Input.QueryStride) + (head * headDim);
        long outputAt = ((long)token * Input.OutputStride) + (head * headDim);
        for (int d = item; d < headDim; d += Group.DimX)
        {
            Input.Output[outputAt + d] = 0;
        }

        float max = float.NegativeInfinity;
        float sum = 0;
        for (int tile = SlidingWindow.FirstVisible(position, Input.Window); tile <= position; tile += Group.DimX)
        {
            int p = tile + item;
            float score = p <= position ? Score(start, p, head, queryAt) : float.NegativeInfinity;
            float newMax = IntrinsicMath.Max(max, GroupReduce.Max(shared, score));
            float keep = XMath.Exp(max - newMax);
            float weight = XMath.Exp(score - newMax);
            max = newMax;
            weights[item] = weight;
            sum = (sum * keep) + GroupReduce.Sum(shared, weight);

            int end = IntrinsicMath.Min(position + 1, tile + Group.DimX);
            for (int d = item; d < headDim; d += Group.DimX)
            {
                float value = Input.Output[outputAt + d] * keep;
                for (p = tile; p < end; p++)
                {
                    value += weights[p - tile] * Value(start, p, head, d);
                }

                Input.Output[outputAt + d] = value;
            }

            Group.Barrier();
        }

        for (int d = item; d < headDim; d += Group.DimX)
        {
            Input.Output[outputAt + d] /= sum;
        }
    }

    private float Score(int start, int p, int head, long queryAt)
    {
        var query = Input.Qkv.SubView(queryAt, Input.HeadDim).Cast<Float4>();
        var key = p < start
            ? Input.Keys.SubView(Input.RingIndex(p, head), Input.HeadDim)
            : Input.FreshKeys.SubView(Input.FreshIndex(p - start, head), Input.HeadDim);
        var packs = key.Cast<Pack>();
        float score = 0;
        for (int pack = 0; pack < Input.HeadDim / TCache.PerPack; pack++)
        {
            score += TCache.Dot(packs[pack], query, pack);
        }

        return score * Input.Scale;
    }

    private float Value(int start, int p, int head, int d) => TCache.Decode(
        p < start ? Input.Values[Input.RingIndex(p, head) + d] : Input.FreshValues[Input.FreshIndex(p - start, head) + d]);
}
