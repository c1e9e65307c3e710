using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Turns queries and keys to their absolute positions (see <see cref="Rotary"/>; Mistral's pairing: elements 2i and 2i+1
/// of a head), and rounds keys and values to the cache's format, so that a key reads the same whether it is still
/// fresh or already in the ring.
/// qkv: tokens × stride, a row holding heads queries, then kvHeads keys, then kvHeads values, headDim each; queries are
/// turned in place. keys, values: tokens × (kvHeads × headDim). Work is shared by pair.
/// </summary>
public readonly record struct Rope<TCache, TElement>(
    ArrayView<int> State,
    ArrayView<ulong> Frequencies,
    ArrayView<float> Qkv,
    ArrayView<TElement> Keys,
    ArrayView<TElement> Values,
    int Heads,
    int KvHeads,
    int HeadDim,
    int Stride) : IKernel
    where TCache : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        int pairsPerHead = HeadDim / 2;
        int pairsPerToken = (Heads + KvHeads + KvHeads) * pairsPerHead;
        long count = (long)State[StepState.TokenCount] * pairsPerToken;
        for (long i = WorkItems.First; i < count; i += WorkItems.Count)
        {
            int token = (int)(i / pairsPerToken);
            int pair = (int)(i % pairsPerToken);
            int head = pair / pairsPerHead;
            long from = ((long)token * Stride) + (2 * pair);
            float x = Qkv[from];
            float y = Qkv[from + 1];
            if (head >= Heads + KvHeads)
            {
                long to = CacheIndex(token, pair - ((Heads + KvHeads) * pairsPerHead));
                Values[to] = TCache.Encode(x);
                Values[to + 1] = TCache.Encode(y);
            }
            else
            {
                float angle = Rotary.Angle(State[StepState.StartPosition] + token, Frequencies[pair % pairsPerHead]);
                (x, y) = Rotary.Rotate(x, y, angle);
                if (head < Heads)
                {
                    Qkv[from] = x;
                    Qkv[from + 1] = y;
                }
                else
                {
                    long to = CacheIndex(token, pair - (Heads * pairsPerHead));
                    Keys[to] = TCache.Encode(x);
                    Keys[to + 1] = TCache.Encode(y);
                }
            }
        }
    }

    private long CacheIndex(int token, int pair) => ((long)token * KvHeads * HeadDim) + (2 * pair);
}
