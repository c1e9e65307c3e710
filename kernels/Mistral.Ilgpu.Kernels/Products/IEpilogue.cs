using ILGPU;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>What a product does with each element of its output where one kernel makes it of one matrix or of two.</summary>
public interface IEpilogue
{
    /// <summary>Whether there is a second matrix, stacked under the first.</summary>
    static abstract bool IsGated { get; }

    /// <summary>
    /// Rounds in which a group that awaits its input prefetches weights, see <see cref="Products.Waves.PrefetchedRows"/>. One
    /// round is what the first turn of its loop takes.
    /// </summary>
    static abstract int RoundsAhead { get; }

    /// <param name="second">The second matrix's product; 0 where there is none.</param>
    static abstract float Combine(float current, float product, float second);

    /// <summary>The same by NVIDIA's instructions, with no branch in it, so that those of many elements go on side by
    /// side.</summary>
    static abstract float CombineOnCuda(float current, float product, float second);

    /// <summary>Writes an element where tensor cores multiply tokens of prompts.</summary>
    /// <param name="output">Float32, or numbers of 16 bits.</param>
    /// <param name="at">The element's place, counted in elements.</param>
    static abstract void Write(ArrayView<float> output, long at, float value);
}
