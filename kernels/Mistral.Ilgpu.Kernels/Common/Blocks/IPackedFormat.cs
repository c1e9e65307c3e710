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

/// <summary>
/// Activations in eight bits, four packed in an int, for products of whole numbers on GPUs: values is tokens × stride bytes; for each
/// run A is the scale, B and C the sums of its two halves as they are after quantization, as in <see cref="Int8Input"/>.
/// </summary>
public readonly record struct PackedInput(ArrayView<uint> Values, ArrayView<Float4> Runs, int Stride);
