using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// A whole attention step for decoded tokens in one launch, for texts of one split. It turns query, key and value
/// (<see cref="Rope{TCache,TElement}"/>) and attends over the ring. The sums are the same, in the same order, as in
/// <see cref="DecodeAttendRow{TTiles,TElement}"/>. Row form: one work item per token and kv head; no barriers.
/// </summary>
public readonly record struct RopeDecodeAttend<TTiles, TCache, TElement>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies) : ISharedKernel, ILink
    where TTiles : struct, IAttentionTiles<TTiles, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    public long Items => (long)Input.State.DecodeCount * Input.KvHeads;

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
        int perHead = Input.HeadDim / RotatedRun<TCache, TElement>.Length;
        int token = (int)(item / Input.KvHeads);
        int kvHead = (int)(item % Input.KvHeads);
        // The queries that share the kv head, then its key and its value.
        for (int i = 0; i < (Input.Group + 2) * perHead; i++)
        {
            int within = i / perHead;
            int head = within < Input.Group
                ? (kvHead * Input.Group) + within
                : Input.Heads + ((within - Input.Group) * Input.KvHeads) + kvHead;
            RotatedRun<TCache, TElement>.Do(Input, Frequencies, token, (head * perHead) + (i % perHead));
        }

        var query = DecodeSplits.Token(Input.State, token);
        tiles.Attend(AttentionBlock.Visible(query, kvHead, Input.Window), AttentionOutput.Whole(Input, token, kvHead));
    }
}
