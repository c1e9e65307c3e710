using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// The whole attention step of decoded tokens on tensor cores, for caches of eight bits. It turns queries and keys, and stores
/// keys and values (<see cref="QuantTurn{THead}"/>), attends (<see cref="QuantAttention{THead}"/>), and joins the splits
/// (<see cref="DecodeJoin{TElement}"/>). If asked it brings the output to eight bits. One group per split (grid x), kv head and
/// up to <see cref="TensorForms.QuantHeads"/> of its heads (grid y), and token (grid z). Group size:
/// <see cref="TensorForms.QuantGroup"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">See <see cref="DecodeSplits"/>.</param>
/// <param name="Packed">Takes the output too, where it exists.</param>
[GroupForm]
[CudaForm(80, GroupSize = TensorForms.QuantGroup)]
public readonly record struct DecodeAttendQuants<THead>(
    AttentionInput<sbyte> Input, QuantCache Cache, ArrayView<ulong> Frequencies, ArrayView<float> Parts, PackedInput Packed)
    : IKernel
    where THead : struct, IQuantHead
{
    public void Execute()
    {
        Predecessor.Await();
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        int firstHead = 0;
        if (Input.Group > TensorForms.QuantHeads)
        {
            int blocks = TensorForms.QuantBlocks(Input.Group);
            firstHead = TensorForms.QuantHeads * (kvHead % blocks);
            kvHead /= blocks;
        }

        var block = DecodeSplits.Split(DecodeSplits.Token(Input.State, token), kvHead, Input.Window, split, Input.SplitTiles);
        // Past a text's last split there is nothing to do.
        if (block.FirstTile >= block.EndTile)
        {
            return;
        }

        int heads = IntrinsicMath.Min(Input.Group - firstHead, TensorForms.QuantHeads);
        new QuantAttention<THead>(Input, Cache, block).Attend(
            Frequencies, AttentionOutput.Part(Input, Parts, token, kvHead, split), firstHead, heads);
        new DecodeJoin<sbyte>(Input, Parts, Packed, token, kvHead, firstHead, heads).Do(block.Queries.Position);
    }
}
