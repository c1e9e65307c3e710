using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// A whole attention step for one token in one launch: turns its query and key (<see cref="Rope{TCache,TElement}"/>), puts
/// key and value into the ring (<see cref="StoreKv{TElement}"/>) and attends over the ring, with the same sums in the same
/// order as <see cref="AttendRow{TCache,TElement}"/>. One token evicts only the key that just left its window, so the ring
/// may be written first. Row form: one work item per kv head, which does all query heads that share it; no barriers.
/// </summary>
public readonly record struct DecodeAttend<TCache, TElement>(AttentionInput<TElement> Input, ArrayView<ulong> Frequencies) : IKernel
    where TCache : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        int position = Input.State[StepState.StartPosition];
        int group = Input.Heads / Input.KvHeads;
        for (long item = WorkItems.First; item < Input.KvHeads; item += WorkItems.Count)
        {
            int kvHead = (int)item;
            Store(position, kvHead);
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
            {
                RotateQuery(position, head);
                Attend(position, head);
            }
        }
    }

    private void Store(int position, int kvHead)
    {
        int headDim = Input.HeadDim;
        long keyAt = (long)(Input.Heads + kvHead) * headDim;
        long valueAt = (long)(Input.Heads + Input.KvHeads + kvHead) * headDim;
        long to = Input.RingIndex(position, kvHead * (Input.Heads / Input.KvHeads));
        for (int i = 0; i < headDim; i += 2)
        {
            var (x, y) = Rotary.Rotate(Input.Qkv[keyAt + i], Input.Qkv[keyAt + i + 1], Rotary.Angle(position, Frequencies[i / 2]));
            Input.Keys[to + i] = TCache.Encode(x);
            Input.Keys[to + i + 1] = TCache.Encode(y);
            Input.Values[to + i] = TCache.Encode(Input.Qkv[valueAt + i]);
            Input.Values[to + i + 1] = TCache.Encode(Input.Qkv[valueAt + i + 1]);
        }
    }

    private void RotateQuery(int position, int head)
    {
        long at = (long)head * Input.HeadDim;
        for (int i = 0; i < Input.HeadDim; i += 2)
        {
            var (x, y) = Rotary.Rotate(Input.Qkv[at + i], Input.Qkv[at + i + 1], Rotary.Angle(position, Frequencies[i / 2]));
            Input.Qkv[at + i] = x;
            Input.Qkv[at + i + 1] = y;
        }
    }

    private void Attend(int position, int head)
    {
        var row = new AttentionRow<TCache, TElement>(Input, 0, head);
        var softmax = row.Begin();
        for (int p = SlidingWindow.FirstVisible(position, Input.Window); p <= position; p++)
        {
            row.Take(ref softmax, Input.Keys, Input.Values, Input.RingIndex(p, head));
        }

        row.Finish(softmax);
    }
}
