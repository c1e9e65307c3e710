using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// The whole attention step of decoded tokens by waves. It turns queries and keys to their position, attends
/// (<see cref="DecodeAttendRow{TTiles,TElement}"/>), joins the splits (<see cref="MergeSplits"/>), and stores keys and values in
/// the ring. If asked it brings the output to eight bits (<see cref="PackedRun"/>). One group per split (grid x), kv head (grid y)
/// and token (grid z). The last group of a token and kv head to be done joins all splits in their order, and stores the key: by
/// then no group reads the slot. Group size: <see cref="Team.GroupSize"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">See <see cref="DecodeSplits"/>.</param>
/// <param name="Packed">Takes the output too, where it exists.</param>
[GroupForm]
[WaveForm]
public readonly record struct DecodeAttendWave<TEight, TElement, TBits, TRoom>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, ArrayView<float> Parts, PackedInput Packed) : IKernel
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        var query = DecodeSplits.Token(Input.State, token);
        var block = DecodeSplits.Split(query, kvHead, Input.Window, split, Input.SplitTiles);
        // Past a text's last split there is nothing to do.
        if (block.FirstTile >= block.EndTile)
        {
            return;
        }

        var room = new DecodeRoom<TRoom>();
        var pairs = new TokenPairs<TEight, TElement, TBits>(Input, Frequencies, query, kvHead);
        new DecodeGroup<TEight, TElement, TBits, TRoom>(
            Input, block, AttentionOutput.Part(Input, Parts, token, kvHead, split), room).Do(pairs);
        int splits = DecodeSplits.Count(query.Position, Input.Window, Input.SplitTiles);
        if (IsLast(token, kvHead, splits))
        {
            Join(room, token, kvHead, splits);
            pairs.Store(Group.IdxX);
        }
    }

    /// <summary>Whether all other groups of the token and kv head are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsLast(int token, int kvHead, int splits)
    {
        var isLast = SharedMemory.Allocate<int>(1);
        // What the group has written is seen before it counts itself. What others have written is read after they are counted.
        // The barriers extend to the whole group what the counting orders for one item.
        DeviceOrder.Barrier();
        if (splits == 1)
        {
            return true;
        }

        if (Group.IdxX == 0)
        {
            long done = AttentionOutput.Part(Input, Parts, token, kvHead, 0).At + Input.HeadDim + DecodeSplits.DoneAt;
            var counter = Parts.Cast<int>();
            bool areAll = DeviceOrder.CountUp(ref counter[done]) == splits - 1;
            isLast[0] = areAll ? 1 : 0;
            if (areAll)
            {
                counter[done] = 0;
            }
        }

        DeviceOrder.Barrier();
        return isLast[0] != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(DecodeRoom<TRoom> room, int token, int kvHead, int splits)
    {
        const int Heads = DecodeRoom<TRoom>.Heads;
        var keeps = room.Queries.Cast<float>();
        var merge = new WaveMerge<TElement>(
            Input, Parts, keeps, keeps.SubView(Heads * DecodeSplits.Most, Heads * DecodeSplits.Most), token, kvHead, splits);
        var output = Input.Output.Cast<Floats4>();
        for (int firstHead = 0; firstHead < Input.Group; firstHead += Heads)
        {
            int heads = IntrinsicMath.Min(Input.Group - firstHead, Heads);
            Group.Barrier();
            merge.Begin(firstHead, heads);
            Group.Barrier();
            int elements = heads * Input.HeadDim;
            for (int first = 0; first < elements; first += Group.DimX * PackedRun.PerLane)
            {
                // Lanes past the end repeat the last one, see there.
                int element = first + (Group.IdxX * PackedRun.PerLane);
                bool exists = element < elements;
                element = IntrinsicMath.Min(element, elements - PackedRun.PerLane);
                var x = merge.Join(firstHead, element);
                int source = (((kvHead * Input.Group) + firstHead) * Input.HeadDim) + element;
                if (exists)
                {
                    output[(((long)token * Input.OutputStride) + source) / PackedRun.PerLane] = x;
                }

                // In any case, because lanes exchange values.
                PackedRun.Write(Packed, token, source / PackedRun.PerLane, x, exists && Packed.Exists);
            }
        }
    }
}
