using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="Rope{TCache,TElement}"/> for the CPU accelerator, to the bit. Work is shared by a token's kv heads, each with its
/// queries. All heads of a token turn by the same angles.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct RopeVectors<TCache, TElement>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, RowRange Rows) : ISharedKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int MaxHeadDim = 256;

    public void Execute() => Execute(WorkShare.Current);

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        Span<float> cos = stackalloc float[MaxHeadDim];
        Span<float> sin = stackalloc float[MaxHeadDim];
        int known = -1;
        var (first, end) = share.Neighbours(
            (long)Rows.First(Input.State) * Input.KvHeads, (long)Rows.End(Input.State) * Input.KvHeads);
        for (long item = first; item < end; item++)
        {
            int token = (int)(item / Input.KvHeads);
            int kvHead = (int)(item % Input.KvHeads);
            if (token != known)
            {
                Angles(Input.State.Position(token), cos, sin);
                known = token;
            }

            // The key is one more turn of the loop, and the value of the next, because the runtime compiles this at every start.
            for (int i = 0; i <= Input.Group; i++)
            {
                bool isKey = i == Input.Group;
                int head = isKey ? Input.Heads + kvHead : (kvHead * Input.Group) + i;
                Rotate(token, head, isKey ? 1 : Input.State.QueryScale(token), ref cos[0], ref sin[0]);
            }

            for (int head = kvHead; head < 2 * Input.KvHeads; head += Input.KvHeads)
            {
                Store(token, head);
            }
        }
    }

    // A head of the keys, then the values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Store(int token, int head)
    {
        int position = Input.State.Position(token);
        int fresh = Input.State.FreshTileOf(token);
        int tile = fresh >= 0 ? fresh : Input.Table.Find(Input.State.Sequence(token), position / TileLayout.Length);
        long from = ((long)token * Input.QueryStride) + ((Input.Heads + head) * Input.HeadDim);
        for (int element = 0; element < Input.HeadDim; element += RotatedRun<TCache, TElement>.Length)
        {
            RotatedRun<TCache, TElement>.Store(
                Input, fresh >= 0 ? Input.Fresh : Input.Ring, tile, position, head, element, from + element);
        }
    }

    // Of each pair the cosine twice, and the negative sine, then the sine.
    private void Angles(int position, Span<float> cos, Span<float> sin)
    {
        for (int pair = 0; pair < Input.HeadDim / 2; pair++)
        {
            var (c, s) = Rotary.CosSin(Rotary.Turn(position, Frequencies[pair]));
            (cos[2 * pair], cos[(2 * pair) + 1]) = (c, c);
            (sin[2 * pair], sin[(2 * pair) + 1]) = (-s, s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Rotate(int token, int head, float scale, ref float cos, ref float sin)
    {
        ref float at = ref Input.Qkv[((long)token * Input.QueryStride) + (head * Input.HeadDim)];
        for (nuint d = 0; d < (nuint)(int)Input.HeadDim; d += Vectors.Count)
        {
            var x = Vector512.LoadUnsafe(ref at, d);
            var swapped = Vector512.Shuffle(x, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
            (((x * Vector512.LoadUnsafe(ref cos, d)) + (swapped * Vector512.LoadUnsafe(ref sin, d))) * scale)
                .StoreUnsafe(ref at, d);
        }
    }
}
