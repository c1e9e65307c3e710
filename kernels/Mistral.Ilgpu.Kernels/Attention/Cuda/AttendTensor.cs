using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// <see cref="AttendRow{TTiles,TElement}"/> on tensor cores, for caches of 16 bits: one group per kv head (grid x), tile of
/// queries (grid y) and part of it of <see cref="TensorForms.PromptQueries"/> queries (grid z), see
/// <see cref="TensorAttention{THead,TScores}"/>. Keys that are taken together begin at multiples of their number. So a query's
/// sums do not depend on where its tile of queries begins. Group size: <see cref="TensorForms.PromptGroup"/>.
/// </summary>
/// <typeparam name="THead">Room for a head's elements.</typeparam>
/// <typeparam name="TScores">The tiles that are taken together.</typeparam>
/// <typeparam name="TOutput">How the output is written. Of 16 bits, Input.Output has 16-bit numbers.</typeparam>
[GroupForm]
[CudaForm(80)]
public readonly record struct AttendTensor<THead, TScores, TOutput>(AttentionInput<ushort> Input, TensorCache Cache) : IKernel
    where THead : struct, ITensorHead
    where TScores : struct, ITensorScores
    where TOutput : struct, IAttendOutput
{
    public void Execute()
    {
        var queries = Input.State.QueryTile(Grid.IdxY).Part(Grid.IdxZ, TensorForms.PromptQueries / Input.Group);
        if (queries.Tokens <= 0)
        {
            return;
        }

        int kvHead = Grid.IdxX;
        var block = AttentionBlock.Visible(queries, kvHead, Input.Window);
        new TensorAttention<THead, TScores>(Input, Cache).Attend<TOutput>(
            block,
            new TensorQueries(
                Input.Qkv, ((long)queries.FirstToken * Input.QueryStride) + (kvHead * Input.Group * Input.HeadDim),
                Input.QueryStride, Input.HeadDim),
            AttentionOutput.Whole(Input, queries.FirstToken, kvHead),
            block.FirstTile / TScores.Tiles * TScores.Tiles,
            TensorLane.Warp * TensorAttention<THead, TScores>.WarpRows,
            sharing: 1);
    }
}
