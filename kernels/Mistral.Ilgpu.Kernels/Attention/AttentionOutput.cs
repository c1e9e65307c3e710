using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>Where a block's outputs go.</summary>
/// <param name="At">Of the first token's first head.</param>
/// <param name="IsPart">Whether this is one of several parts that <see cref="MergeSplits"/> joins. A part is not divided by the
/// sum of the weights; the largest score and the sum lie behind it.</param>
public readonly record struct AttentionOutput(ArrayView<float> View, long At, int TokenStride, int HeadStride, bool IsPart)
{
    /// <summary>The final rows of the tokens from <paramref name="firstToken"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionOutput Whole<TElement>(AttentionInput<TElement> input, int firstToken, int kvHead)
        where TElement : unmanaged => new(
        input.Output, ((long)firstToken * input.OutputStride) + (kvHead * input.Group * input.HeadDim),
        input.OutputStride, input.HeadDim, false);

    /// <summary>A decoded token's part of one split.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionOutput Part<TElement>(
        AttentionInput<TElement> input, ArrayView<float> parts, int token, int kvHead, int split)
        where TElement : unmanaged
    {
        int perPart = input.HeadDim + DecodeSplits.Tail;
        long head = ((long)token * input.Heads) + (kvHead * input.Group);
        return new AttentionOutput(parts, ((head * DecodeSplits.Most) + split) * perPart, 0, DecodeSplits.Most * perPart, true);
    }
}
