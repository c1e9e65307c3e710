using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// The whole attention step of decoded tokens on tensor cores, for caches of 16 bits and up to <see cref="TensorForms.MostDecodeHeads"/> heads to a
/// kv head: turns queries and keys and stores keys and values (<see cref="DecodeTurn{THead}"/>), attends (<see cref="DecodeAttendRow{TTiles,TElement}"/>),
/// joins the splits (<see cref="MergeSplits"/>), and if asked brings the output to eight bits (<see cref="PackedRun"/>). One group per split
/// (grid x), kv head (grid y) and token (grid z), whose warps share the keys; the last group of a token and kv head to be done joins
/// them all, in their order. The heads of the kv head are the rows of one multiplication, so each key is loaded once for all.
/// Group size: <see cref="TensorForms.DecodeGroup"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">See <see cref="DecodeSplits"/>.</param>
/// <param name="Packed">Takes the output too, where it exists.</param>
[GroupForm]
[CudaForm(80)]
public readonly record struct DecodeAttendTensor<THead>(
    AttentionInput<ushort> Input, TensorCache Cache, ArrayView<ulong> Frequencies, ArrayView<float> Parts, PackedInput Packed) : IKernel
    where THead : struct, ITensorHead
{
    public void Execute()
    {
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        var block = DecodeSplits.Split(DecodeSplits.Token(Input.State, token), kvHead, Input.Window, split, Input.SplitTiles);
        // Past a text's last split there is nothing to do.
        if (block.FirstTile >= block.EndTile)
        {
            return;
        }

        var part = AttentionOutput.Part(Input, Parts, token, kvHead, split);
        new DecodeTurn<THead>(Input, block, part).Do(Frequencies);
        Group.Barrier();
        new TensorAttention<THead, KeyScores>(Input, Cache).Attend(
            block, new TensorQueries(Parts, part.At, 0, part.HeadStride), part, block.FirstTile, firstRow: 0, Group.DimX / TensorLane.WarpSize);
        if (IsLast(token, kvHead))
        {
            Join(token, kvHead);
        }
    }

    /// <summary>Whether all other groups of the token and kv head are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsLast(int token, int kvHead)
    {
        var isLast = SharedMemory.Allocate<int>(1);
        int splits = DecodeSplits.Count(Input.State.Position(token), Input.Window, Input.SplitTiles);
        if (splits == 1)
        {
            Group.Barrier();
            return true;
        }

        // What this group has written is seen before it counts itself, and what others have is read after they are counted.
        MemoryFence.DeviceLevel();
        Group.Barrier();
        if (Group.IdxX == 0)
        {
            long done = AttentionOutput.Part(Input, Parts, token, kvHead, 0).At + Input.HeadDim + DecodeSplits.DoneAt;
            var counter = Parts.Cast<int>();
            bool areAll = Atomic.Add(ref counter[done], 1) == splits - 1;
            isLast[0] = areAll ? 1 : 0;
            if (areAll)
            {
                counter[done] = 0;
            }
        }

        Group.Barrier();
        MemoryFence.DeviceLevel();
        return isLast[0] != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(int token, int kvHead)
    {
        var merge = new MergeSplits(Input.State, Parts, Input.Output, Input.Heads, Input.HeadDim, Input.Window, Input.OutputStride, Input.SplitTiles);
        int elements = Input.Group * Input.HeadDim;
        for (int first = 0; first < elements; first += Group.DimX * PackedRun.PerLane)
        {
            // Lanes past the end repeat the last one, see there.
            int element = first + (Group.IdxX * PackedRun.PerLane);
            bool exists = element < elements;
            int source = (kvHead * elements) + IntrinsicMath.Min(element, elements - PackedRun.PerLane);
            var x = new Float4
            {
                A = merge.Join(token, source), B = merge.Join(token, source + 1), C = merge.Join(token, source + 2), D = merge.Join(token, source + 3),
            };
            if (exists)
            {
                long to = ((long)token * Input.OutputStride) + source;
                Input.Output[to] = x.A;
                Input.Output[to + 1] = x.B;
                Input.Output[to + 2] = x.C;
                Input.Output[to + 3] = x.D;
            }

            if (Packed.Exists)
            {
                PackedRun.Write(Packed, token, source / PackedRun.PerLane, x, exists);
            }
        }
    }
}
