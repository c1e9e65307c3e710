using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// <see cref="MergeSplits"/> by waves, for the heads that share a kv head. It also brings the output to eight bits
/// (<see cref="PackedRun"/>), and puts the token's key and value in their slot of the ring, which no group reads any more. One
/// group per kv head (grid x) and token (grid y). Group size: <see cref="Team.GroupSize"/>.
/// </summary>
/// <param name="Frequencies">See <see cref="Rotary"/>.</param>
/// <param name="Parts">As <see cref="DecodeAttendWave{TEight,TElement,TBits,TRoom}"/> leaves them.</param>
/// <param name="Packed">Takes the output too, where it exists.</param>
[GroupForm]
[WaveForm]
public readonly record struct MergeWave<TEight, TElement, TBits>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, ArrayView<float> Parts, PackedInput Packed) : IKernel
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    public void Execute()
    {
        var (kvHead, token) = (Grid.IdxX, Grid.IdxY);
        var query = DecodeSplits.Token(Input.State, token);
        new TokenPairs<TEight, TElement, TBits>(Input, Frequencies, query, kvHead).Store(Group.IdxX);
        var merge = new WaveMerge<TElement>(
            Input, Parts, token, kvHead, DecodeSplits.Count(query.Position, Input.Window, Input.SplitTiles));
        for (int firstHead = 0; firstHead < Input.Group; firstHead += WaveMerge<TElement>.Heads)
        {
            int heads = IntrinsicMath.Min(Input.Group - firstHead, WaveMerge<TElement>.Heads);
            merge.Begin(firstHead, heads);
            Group.Barrier();
            Join(merge, token, kvHead, firstHead, heads);
            Group.Barrier();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Join(WaveMerge<TElement> merge, int token, int kvHead, int firstHead, int heads)
    {
        var output = Input.Output.Cast<Floats4>();
        int elements = heads * Input.HeadDim;
        for (int first = 0; first < elements; first += Team.GroupSize * PackedRun.PerLane)
        {
            // Lanes past the end repeat the last one, because all of a wave exchange values.
            int element = first + (Group.IdxX * PackedRun.PerLane);
            bool exists = element < elements;
            element = IntrinsicMath.Min(element, elements - PackedRun.PerLane);
            var x = merge.Join(firstHead, element);
            int four = ((((kvHead * Input.Group) + firstHead) * Input.HeadDim) + element) / PackedRun.PerLane;
            if (exists)
            {
                output[((long)token * (Input.OutputStride / PackedRun.PerLane)) + four] = x;
            }

            PackedRun.Write(Packed, token, four, x, exists && Packed.Exists);
        }
    }
}
