using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Random weights, element by element, see <see cref="RandomBits.Value"/>: weights: rows × stride, of which columns are filled;
/// First is the number of the first element in its tensor. Work is shared by element.
/// </summary>
public readonly record struct FillRandomElements<TFormat, TElement>(
    ArrayView<TElement> Weights,
    int Columns,
    int Stride,
    long First,
    uint Key,
    float Amplitude) : ISharedKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long count = Weights.Length / Stride * Columns;
        for (long i = share.First; i < count; i += share.Count)
        {
            Weights[(i / Columns * Stride) + (i % Columns)] = TFormat.Encode(RandomBits.Value(Key, (uint)(First + i), Amplitude));
        }
    }
}

/// <summary>Random quants: a plane of them as words, the first being number First of its tensor. Work is shared by
/// word.</summary>
public readonly record struct FillRandomQuants(ArrayView<uint> Words, long First, uint Key) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        for (long i = share.First; i < Words.Length; i += share.Count)
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
public readonly record struct FillRandomScales(
    ArrayView<ushort> Scales, ArrayView<ushort> Pattern, long First, uint Key) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int words = (int)Pattern.Length / 2;
        for (long i = share.First; i < Scales.Length; i += share.Count)
        {
            int word = (int)(i % words);
            bool turned = RandomBits.IsTurned(Key, (uint)(First + (i / words)));
            Scales[i] = (ushort)(turned ? Pattern[word] ^ Pattern[words + word] : Pattern[word]);
        }
    }
}
