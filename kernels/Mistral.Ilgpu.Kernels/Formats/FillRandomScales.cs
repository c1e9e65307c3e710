using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// A plane of scales: every block's words are the pattern's. Signs are turned for every other block at random, so that weights
/// have no common mean. Pattern: the words, then the bits of each that a sign turns. The first block is number First of its
/// tensor. Work is shared by word.
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
