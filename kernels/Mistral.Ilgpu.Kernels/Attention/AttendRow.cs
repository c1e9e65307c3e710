using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Causal attention of prompts over the last window positions: out[t, h] = Σ_p softmax_p(scale × q[t, h] · k[p]) v[p], p from
/// position − W + 1 to position. Keys before the pass come from the rings, its own from the fresh tiles. So the last keys of a
/// chunk evict nothing that its first queries need (Mistral 7B, arXiv 2310.06825, "pre-fill and chunking"). Row form: one work
/// item per tile of queries and kv head, see <see cref="IAttentionTiles{TSelf,TElement}"/>; no barriers.
/// </summary>
public readonly record struct AttendRow<TTiles, TElement>(AttentionInput<TElement> Input) : ISharedKernel
    where TTiles : struct, IAttentionTiles<TTiles, TElement>
    where TElement : unmanaged
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        var tiles = TTiles.Create(Input);
        long items = (long)Input.State.QueryTileCount * Input.KvHeads;
        for (long item = share.First; item < items; item += share.Count)
        {
            var queries = Input.State.QueryTile((int)(item / Input.KvHeads));
            int kvHead = (int)(item % Input.KvHeads);
            tiles.Attend(
                AttentionBlock.Visible(queries, kvHead, Input.Window), AttentionOutput.Whole(Input, queries.FirstToken, kvHead));
        }
    }
}
