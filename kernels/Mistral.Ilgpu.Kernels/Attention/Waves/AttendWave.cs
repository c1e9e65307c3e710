using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// <see cref="AttendRow{TTiles,TElement}"/> by waves: one group per kv head (grid x) and tile of queries (grid y), see
/// <see cref="PromptGroup{TEight,TElement,TBits,TRoom}"/>. Group size: <see cref="Team.GroupSize"/>.
/// </summary>
[GroupForm]
[WaveForm]
public readonly record struct AttendWave<TEight, TElement, TBits, TRoom>(AttentionInput<TElement> Input) : IKernel
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        var queries = Input.State.QueryTile(Grid.IdxY);
        int kvHead = Grid.IdxX;
        new PromptGroup<TEight, TElement, TBits, TRoom>(Input, AttentionBlock.Visible(queries, kvHead, Input.Window)).Attend(
            AttentionOutput.Whole(Input, queries.FirstToken, kvHead));
    }
}
