using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>A dot product as sixteen running sums side by side, which compilers vectorize without reordering an
/// addition.</summary>
internal static class LaneSum
{
    private const int Lanes = Padding.Columns;

    /// <summary>Row · input, both <paramref name="stride"/> long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot<TFormat, TElement>(ArrayView<TElement> weights, ArrayView<float> input, int row, int stride)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        long from = (long)row * stride;
        var sums = LocalMemory.Allocate<float>(Lanes);
        for (int lane = 0; lane < Lanes; lane++)
        {
            sums[lane] = 0;
        }

        for (int column = 0; column < stride; column += Lanes)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                sums[lane] += TFormat.DecodeLane(weights[from + column + lane]) * input[column + lane];
            }
        }

        float sum = 0;
        for (int lane = 0; lane < Lanes; lane++)
        {
            sum += sums[lane];
        }

        return sum;
    }
}
