using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Attention of decoded tokens over their rings, their own keys included, in splits of the keys (Dao et al., Flash-Decoding,
/// 2023) that <see cref="MergeSplits"/> joins. Parts: tokens × heads × <see cref="DecodeSplits.Most"/> × (headDim +
/// <see cref="DecodeSplits.Tail"/>). Row form: one work item per token, kv head and split; no barriers.
/// </summary>
public readonly record struct DecodeAttendRow<TTiles, TElement>(
    AttentionInput<TElement> Input, ArrayView<float> Parts) : ISharedKernel, ILink
    where TTiles : struct, IAttentionTiles<TTiles, TElement>
    where TElement : unmanaged
{
    public long Items => (long)Input.State.DecodeCount * Input.KvHeads * DecodeSplits.Most;

    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        var tiles = TTiles.Create(Input);
        long items = Items;
        for (long item = share.First; item < items; item += share.Count)
        {
            Do(item, tiles);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item) => Do(item, TTiles.Create(Input));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Do(long item, TTiles tiles)
    {
        int kvHead = (int)(item % Input.KvHeads);
        int split = (int)(item / Input.KvHeads % DecodeSplits.Most);
        int token = (int)(item / Input.KvHeads / DecodeSplits.Most);
        var query = DecodeSplits.Token(Input.State, token);
        if (split < DecodeSplits.Count(query.Position, Input.Window, Input.SplitTiles))
        {
            tiles.Attend(
                DecodeSplits.Split(query, kvHead, Input.Window, split, Input.SplitTiles),
                AttentionOutput.Part(Input, Parts, token, kvHead, split));
        }
    }
}
