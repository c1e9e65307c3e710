using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Random weights, element by element, see <see cref="RandomBits.Value"/>: weights: rows × stride, of which columns are filled; First is the number of
/// the first element in its tensor.
/// Work is shared by element.
/// </summary>
public readonly record struct FillRandomElements<TFormat, TElement>(
    ArrayView<TElement> Weights,
    int Columns,
    int Stride,
    long First,
    uint Key,
    float Amplitude) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute()
    {
        long count = Weights.Length / Stride * Columns;
        for (long i = WorkItems.First; i < count; i += WorkItems.Count)
        {
            Weights[(i / Columns * Stride) + (i % Columns)] = TFormat.Encode(RandomBits.Value(Key, (uint)(First + i), Amplitude));
        }
    }
}

/// <summary>Random quants: a plane of them as words, the first being number First of its tensor. Work is shared by word.</summary>
public readonly record struct FillRandomQuants(ArrayView<uint> Words, long First, uint Key) : IKernel
{
    public void Execute()
    {
        for (long i = WorkItems.First; i < Words.Length; i += WorkItems.Count)
        {
            Words[i] = RandomBits.Word(Key, (uint)(First + i));
        }
    }
}

/// <summary>
/// A plane of scales: every block's words are the pattern's, with the signs turned for every other block at random, so that
/// weights have no common mean. Pattern: the words, then the bits of each that a sign turns. The first
/// block is number First of its tensor. Work is shared by word.
/// </summary>
public readonly record struct FillRandomScales(ArrayView<ushort> Scales, ArrayView<ushort> Pattern, long First, uint Key) : IKernel
{
    public void Execute()
    {
        int words = (int)Pattern.Length / 2;
        for (long i = WorkItems.First; i < Scales.Length; i += WorkItems.Count)
        {
            int word = (int)(i % words);
            bool turned = RandomBits.IsTurned(Key, (uint)(First + (i / words)));
            Scales[i] = (ushort)(turned ? Pattern[word] ^ Pattern[words + word] : Pattern[word]);
        }
    }
}
