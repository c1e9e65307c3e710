using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// <see cref="AttendRow{TTiles,TElement}"/> on tensor cores, for caches of 16 bits: one group per kv head (grid x) and tile of queries (grid y),
/// see <see cref="TensorAttention{THead,TScores}"/>. Keys are taken together from positions that are multiples of so many, so
/// that a query's sums do not depend on where its tile of queries begins. Group size: <see cref="TensorForms.PromptGroup"/>.
/// </summary>
/// <typeparam name="THead">Room for a head's elements.</typeparam>
/// <typeparam name="TScores">The tiles that are taken together.</typeparam>
[GroupForm]
[CudaForm(80)]
public readonly record struct AttendTensor<THead, TScores>(AttentionInput<ushort> Input, TensorCache Cache) : IKernel
    where THead : struct, ITensorHead
    where TScores : struct, ITensorScores
{
    public void Execute()
    {
        var queries = Input.State.QueryTile(Grid.IdxY);
        int kvHead = Grid.IdxX;
        var block = AttentionBlock.Visible(queries, kvHead, Input.Window);
        new TensorAttention<THead, TScores>(Input, Cache).Attend(
            block,
            AttentionOutput.Whole(Input, queries.FirstToken, kvHead),
            block.FirstTile / TScores.Tiles * TScores.Tiles,
            TensorLane.Warp * TensorAttention<THead, TScores>.WarpRows,
            sharing: 1);
    }
}

/// <summary>
/// <see cref="DecodeAttendRow{TTiles,TElement}"/> on tensor cores, for caches of 16 bits and up to <see cref="TensorForms.MostDecodeHeads"/> heads to a
/// kv head: one group per split (grid x), kv head (grid y) and token (grid z), whose warps share the keys. The heads of the kv head are
/// the rows of one multiplication, so each key is loaded once for all. Group size: <see cref="TensorForms.DecodeGroup"/>.
/// </summary>
[GroupForm]
[CudaForm(80)]
public readonly record struct DecodeAttendTensor<THead>(AttentionInput<ushort> Input, TensorCache Cache, ArrayView<float> Parts) : IKernel
    where THead : struct, ITensorHead
{
    public void Execute()
    {
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        var block = DecodeSplits.Split(DecodeSplits.Token(Input.State, token), kvHead, Input.Window, split, Input.SplitTiles);
        // Past a text's last split there is nothing to do.
        if (block.FirstTile < block.EndTile)
        {
            new TensorAttention<THead, KeyScores>(Input, Cache).Attend(
                block, AttentionOutput.Part(Input, Parts, token, kvHead, split), block.FirstTile, firstRow: 0, Group.DimX / TensorLane.WarpSize);
        }
    }
}
