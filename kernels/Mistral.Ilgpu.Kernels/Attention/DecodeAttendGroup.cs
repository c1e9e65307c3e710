using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="DecodeAttendRow{TTiles,TElement}"/> for GPUs: one group per split (grid x), kv head (grid y) and token (grid z),
/// see <see cref="AttentionGroup{TCache,TElement,TRoom}"/>.
/// </summary>
[GroupForm]
public readonly record struct DecodeAttendGroup<TCache, TElement, TRoom>(
    AttentionInput<TElement> Input, ArrayView<float> Parts) : IKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        var group = new AttentionGroup<TCache, TElement, TRoom>(Input);
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        var query = DecodeSplits.Token(Input.State, token);
        // A split past the last has no tiles and writes nothing that is read.
        group.Attend(
            DecodeSplits.Split(query, kvHead, Input.Window, split, Input.SplitTiles),
            AttentionOutput.Part(Input, Parts, token, kvHead, split));
    }
}
