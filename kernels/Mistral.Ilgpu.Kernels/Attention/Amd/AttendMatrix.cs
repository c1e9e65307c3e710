using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>
/// <see cref="AttendRow{TTiles,TElement}"/> on AMD's matrix cores, for caches of 8 and 16 bits: one group per kv head (grid x)
/// and tile of queries (grid y), see <see cref="MatrixAttention{TCore,TPieces,TElement,TBits,TRoom}"/>. Group size:
/// <see cref="MatrixForms.GroupSize"/>.
/// </summary>
[GroupForm]
[AmdForm]
public readonly record struct AttendMatrix<TCore, TPieces, TElement, TBits, TRoom>(AttentionInput<TElement> Input) : IKernel
    where TCore : struct, IRowCore
    where TPieces : struct, IPieceFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        MatrixTile.KeepWaves();
        var queries = Input.State.QueryTile(Grid.IdxY);
        int kvHead = Grid.IdxX;
        new MatrixAttention<TCore, TPieces, TElement, TBits, TRoom>(
            Input, AttentionBlock.Visible(queries, kvHead, Input.Window)).Attend(
            AttentionOutput.Whole(Input, queries.FirstToken, kvHead));
    }
}
