using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>Blocks whose quants come as signed bytes, four packed in an int, for the instructions of GPUs that multiply them so.</summary>
public interface IPackedFormat : IBlockFormat
{
    /// <summary>The quants of half a run, in order, by the widest loads that their place allows.</summary>
    /// <param name="quants">The plane of quants.</param>
    static abstract Pack Half(ArrayView<byte> quants, long block, int run, int half);

    /// <summary>Quants 4 <paramref name="i"/> to 4 <paramref name="i"/> + 3 of half a run.</summary>
    static abstract uint Four(ArrayView<byte> quants, long block, int run, int half, int i);
}

/// <summary>Such blocks whose bits lie in the order of their quants, so that all words of half a run are decoded alike.</summary>
internal interface IPackedBits : IPackedFormat
{
    /// <summary>Four quants.</summary>
    /// <param name="lower">The word that has their lower bits, among those of other runs.</param>
    /// <param name="upper">The one that has their upper bits; 0 where they are not apart.</param>
    /// <param name="part">Whose bits to take: the run's number, in blocks of 32 and IQ4_XS that of the half.</param>
    static abstract uint Decode(uint lower, uint upper, int part);
}

/// <summary>
/// Activations in eight bits, four packed in an int, for products of whole numbers on GPUs: values is tokens × stride bytes; for each
/// run A is the scale, B and C the sums of its two halves as they are after quantization, as in <see cref="Int8Input"/>.
/// </summary>
public readonly record struct PackedInput(ArrayView<uint> Values, ArrayView<Float4> Runs, int Stride)
{
    /// <summary>Whether there is room at all; kernels take no bool.</summary>
    public bool Exists
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Stride > 0;
    }
}
