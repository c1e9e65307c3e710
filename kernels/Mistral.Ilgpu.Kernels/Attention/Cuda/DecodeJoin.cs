using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// The end of a decoded token's attention with some heads of a kv head: the last of the groups that have a split each joins all
/// splits, in their order (<see cref="TensorMerge"/>). If asked it brings the output to eight bits too (<see cref="PackedRun"/>).
/// </summary>
internal readonly struct DecodeJoin<TElement>
    where TElement : unmanaged
{
    private readonly AttentionInput<TElement> _input;
    private readonly ArrayView<float> _parts;
    private readonly PackedInput _packed;
    private readonly int _token;
    private readonly int _head;
    private readonly int _heads;

    // Where the first head's first part is.
    private readonly long _from;

    /// <param name="firstHead">Of the heads, among those of the kv head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeJoin(
        AttentionInput<TElement> input, ArrayView<float> parts, PackedInput packed, int token, int kvHead, int firstHead, int heads)
    {
        (_input, _parts, _packed, _token) = (input, parts, packed, token);
        (_head, _heads) = ((kvHead * input.Group) + firstHead, heads);
        var part = AttentionOutput.Part(input, parts, token, kvHead, 0);
        _from = part.At + ((long)firstHead * part.HeadStride);
    }

    /// <summary>All of the group call it, when it has written its split.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(int position)
    {
        int splits = DecodeSplits.Count(position, _input.Window, _input.SplitTiles);
        if (IsLast(splits))
        {
            Join(splits);
        }
    }

    /// <summary>Whether all other groups of the token and heads are done.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsLast(int splits)
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
            long done = _from + _input.HeadDim + DecodeSplits.DoneAt;
            var counter = _parts.Cast<int>();
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
    private void Join(int splits)
    {
        var merge = new TensorMerge(_input.HeadDim, _parts, _from, _heads, splits);
        int elements = _heads * _input.HeadDim;
        var output = _input.Output.Cast<Floats4>();
        for (int first = 0; first < elements; first += Group.DimX * PackedRun.PerLane)
        {
            // Lanes past the end repeat the last one, see PackedRun.
            int element = first + (Group.IdxX * PackedRun.PerLane);
            bool exists = element < elements;
            element = IntrinsicMath.Min(element, elements - PackedRun.PerLane);
            var x = merge.Join(element);
            int source = (_head * _input.HeadDim) + element;
            if (exists)
            {
                output[(((long)_token * _input.OutputStride) + source) / PackedRun.PerLane] = x;
            }

            if (_packed.Exists)
            {
                PackedRun.Write(_packed, _token, source / PackedRun.PerLane, x, exists);
            }
        }
    }
}
