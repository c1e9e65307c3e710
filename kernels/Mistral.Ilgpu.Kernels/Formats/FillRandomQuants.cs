using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

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
