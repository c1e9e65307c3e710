using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// <see cref="DecodeAttendRow{TTiles,TElement}"/> by waves, which also turns the queries and the token's own key
/// (<see cref="Rope{TCache,TElement}"/>). The own key and value come from the pass's row, not from the ring, where
/// <see cref="MergeWave{TEight,TElement,TBits}"/> stores them. One group per split (grid x), kv head (grid y) and token (grid z),
/// see <see cref="DecodeGroup{TEight,TElement,TBits,TRoom}"/>. Group size: <see cref="Team.GroupSize"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">See <see cref="DecodeAttendRow{TTiles,TElement}"/>.</param>
[GroupForm]
[WaveForm]
public readonly record struct DecodeAttendWave<TEight, TElement, TBits, TRoom>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, ArrayView<float> Parts) : IKernel
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
    where TRoom : struct, IHeadRoom
{
    public void Execute()
    {
        var (split, kvHead, token) = (Grid.IdxX, Grid.IdxY, Grid.IdxZ);
        var query = DecodeSplits.Token(Input.State, token);
        new DecodeGroup<TEight, TElement, TBits, TRoom>(
            Input, DecodeSplits.Split(query, kvHead, Input.Window, split, Input.SplitTiles),
            AttentionOutput.Part(Input, Parts, token, kvHead, split)).Attend(
                new TokenPairs<TEight, TElement, TBits>(Input, Frequencies, query, kvHead));
    }
}
