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
/// (<see cref="DecodeJoin{TElement}"/>). If asked it brings the output to eight bits. One group per split (grid
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
        new DecodeJoin<ushort>(Input, Parts, Packed, token, kvHead, 0, Input.Group).Do(block.Queries.Position);
    }
}
