using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// The whole attention step of decoded tokens on tensor cores, for caches of 16 bits and up to
/// <see cref="TensorForms.MostDecodeHeads"/> heads to a kv head. It turns queries and keys, and stores keys and values
/// (<see cref="DecodeTurn{THead}"/>), attends (<see cref="DecodeAttendRow{TTiles,TElement}"/>), and joins the splits
/// (<see cref="TensorMerge"/>). If asked it brings the output to eight bits (<see cref="PackedRun"/>). One group per split (grid
/// x), kv head (grid y) and token (grid z), whose warps share the keys. The last group of a token and kv head to be done joins
/// all splits, in their order. The heads of the kv head are the rows of one multiplication, so each key is loaded once for all.
/// Group size: <see cref="TensorForms.DecodeGroup"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">See <see cref="DecodeSplits"/>.</param>
/// <param name="Packed">Takes the output too, where it exists.</param>
[GroupForm]
[CudaForm(80)]
public readonly record struct DecodeAttendTensor<THead>(
    AttentionInput<ushort> Input, TensorCache Cache, ArrayView<ulong> Frequencies, ArrayView<float> Parts,
    PackedInput Packed) : IKernel
    where THead : struct, ITensorHead
{
    public void Execute()
    {
        Predecessor.Await();
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
        new TensorAttention<THead, KeyScores>(Input, Cache).Attend<FloatOutput>(
            block, new TensorQueries(Parts, part.At, 0, part.HeadStride), part,
            block.FirstTile, firstRow: 0, Group.DimX / TensorLane.WarpSize);
        int splits = DecodeSplits.Count(block.Queries.Position, Input.Window, Input.SplitTiles);
        if (IsLast(token, kvHead, splits))
        {
            Join(token, kvHead, splits);
        }
    }

    /// <summary>Whether all other groups of the token and kv head are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsLast(int token, int kvHead, int splits)
    {
        var isLast = SharedMemory.Allocate<int>(1);
        if (splits == 1)
        {
            Group.Barrier();
            return true;
        }

        // What the group has written is seen before it counts itself. What others have written is read after they are counted.
        // The barriers extend to the whole group what the fences order for one thread.
        Group.Barrier();
        if (Group.IdxX == 0)
        {
            long done = AttentionOutput.Part(Input, Parts, token, kvHead, 0).At + Input.HeadDim + DecodeSplits.DoneAt;
            var counter = Parts.Cast<int>();
            TensorShared.Fence();
            bool areAll = Atomic.Add(ref counter[done], 1) == splits - 1;
            TensorShared.Fence();
            isLast[0] = areAll ? 1 : 0;
            if (areAll)
            {
                counter[done] = 0;
            }
        }

        Group.Barrier();
        return isLast[0] != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(int token, int kvHead, int splits)
    {
        var merge = new TensorMerge(Input, Parts, token, kvHead, splits);
        int elements = Input.Group * Input.HeadDim;
        var output = Input.Output.Cast<Floats4>();
        for (int first = 0; first < elements; first += Group.DimX * PackedRun.PerLane)
        {
            // Lanes past the end repeat the last one, see there.
            int element = first + (Group.IdxX * PackedRun.PerLane);
            bool exists = element < elements;
            element = IntrinsicMath.Min(element, elements - PackedRun.PerLane);
            var x = merge.Join(element);
            int source = (kvHead * elements) + element;
            if (exists)
            {
                output[(((long)token * Input.OutputStride) + source) / PackedRun.PerLane] = x;
            }

            if (Packed.Exists)
            {
                PackedRun.Write(Packed, token, source / PackedRun.PerLane, x, exists);
            }
        }
    }
}
