using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="AttendRow{TTiles,TElement}"/> for GPUs: one group per kv head (grid x) and tile of queries (grid y), see
/// <see cref="AttentionGroup{TCache,TElement,TRoom}"/>.
/// </summary>
[GroupForm]
public readonly record struct AttendGroup<TCache, TElement, TRoom>(AttentionInput<TElement> Input) : IKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        var group = new AttentionGroup<TCache, TElement, TRoom>(Input);
        var queries = Input.State.QueryTile(Grid.IdxY);
        int kvHead = Grid.IdxX;
        group.Attend(
            AttentionBlock.Visible(queries, kvHead, Input.Window), AttentionOutput.Whole(Input, queries.FirstToken, kvHead));
    }
}
