using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// y[t, head × headDim + d] = x[t, head × paddedHeadDim + d] for d &lt; headDim. It drops the zeros that pad heads whose size no
/// form of attention takes as it is. Shapes: x is tokens × inputStride, y is tokens × outputStride. Work is shared by element.
/// </summary>
/// <example>headDim 100, paddedHeadDim 112: element 100 of y is the first of head 1, element 112 of x.</example>
public readonly record struct NarrowHeads(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Heads,
    int HeadDim,
    int PaddedHeadDim,
    int InputStride,
    int OutputStride) : ISharedKernel, ILink
{
    public long Items => (long)RowRange.Tokens.End(State) * Heads * HeadDim;

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
        long token = item / perToken;
        int element = (int)(item % perToken);
        int head = element / HeadDim;
        Output[(token * OutputStride) + element] =
            Input[(token * InputStride) + (head * PaddedHeadDim) + (element - (head * HeadDim))];
    }
}
