using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// Rows of elements times a token in floats that lies in shared memory, with a wave for a row. The order of additions is that of
/// <see cref="MatVecWarp{TFormat,TElement,TEpilogue}"/>, which has a loop of its own for CUDA, so that its PTX stays.
/// </summary>
internal static class ElementRows<TFormat, TElement>
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Σ_c W[row, c] x[c], in every lane. Every lane of the group must call it.</summary>
    /// <param name="from">The row's first pack.</param>
    /// <param name="packs">Packs of a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot(ArrayView<Pack> weights, long from, int packs, ArrayView<Floats4> x)
    {
        const int Lanes = Wave.Size;
        float sum = 0;
        int pack = Wave.Index;
        for (; pack + (3 * Lanes) < packs; pack += 4 * Lanes)
        {
            sum += TFormat.WaveDot(weights[from + pack], x, pack);
            sum += TFormat.WaveDot(weights[from + pack + Lanes], x, pack + Lanes);
            sum += TFormat.WaveDot(weights[from + pack + (2 * Lanes)], x, pack + (2 * Lanes));
            sum += TFormat.WaveDot(weights[from + pack + (3 * Lanes)], x, pack + (3 * Lanes));
        }

        for (; pack < packs; pack += Lanes)
        {
            sum += TFormat.WaveDot(weights[from + pack], x, pack);
        }

        sum += Warp.ShuffleXor(sum, 16);
        return Wave.Sum16(sum);
    }
}
