using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Joins the splits of decoded tokens: out = Σ_i e^(m_i − m) o_i / Σ_i e^(m_i − m) s_i. There o_i, m_i and s_i are those of split
/// i, as <see cref="DecodeAttendRow{TTiles,TElement}"/> leaves them; m is the largest m_i. Splits are added in order. Parts as
/// there; output: tokens × outputStride. Work is shared by element.
/// </summary>
public readonly record struct MergeSplits(
    StepState State,
    ArrayView<float> Parts,
    ArrayView<float> Output,
    int Heads,
    int HeadDim,
    int Window,
    int OutputStride,
    int SplitTiles = DecodeSplits.LeastTiles) : ISharedKernel, ILink
{
    public long Items => (long)State.DecodeCount * Heads * HeadDim;

    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long items = Items;
        for (long item = share.First; item < items; item += share.Count)
        {
            Do(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item)
    {
        int perToken = Heads * HeadDim;
        int token = (int)(item / perToken);
        int element = (int)(item % perToken);
        Output[((long)token * OutputStride) + element] = Join(token, element);
    }

    /// <summary>An element of a token's output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Join(int token, int element)
    {
        int perPart = HeadDim + DecodeSplits.Tail;
        int splits = DecodeSplits.Count(State.Position(token), Window, SplitTiles);
        long from = (((long)token * Heads) + (element / HeadDim)) * DecodeSplits.Most * perPart;
        float max = Parts[from + HeadDim];
        for (int split = 1; split < splits; split++)
        {
            max = IntrinsicMath.Max(max, Parts[from + (split * perPart) + HeadDim]);
        }

        float sum = 0;
        float output = 0;
        for (int split = 0; split < splits; split++)
        {
            long part = from + (split * perPart);
            float keep = SoftmaxExp.Of(Parts[part + HeadDim] - max);
            sum += keep * Parts[part + HeadDim + 1];
            output += keep * Parts[part + (element % HeadDim)];
        }

        return output * (1 / sum);
    }
}
