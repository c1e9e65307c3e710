using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>Writes a strip's sums to the output.</summary>
internal static class StripOutput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<TResult>(
        ArrayView<float> output, int token, int stride, long strip, int rows, ref float sums, ArrayView<float> edge)
        where TResult : struct, IResult
    {
        long row = strip * Strip.Rows;
        long to = ((long)token * stride) + row;
        if (row + Strip.Rows <= rows)
        {
            TResult.Write(ref sums, ref output[to]);
            return;
        }

        // The last strip's rows past the end are not the output's.
        Lanes.Copy(ref sums, ref edge[0]);
        for (int i = 0; i < rows - row; i++)
        {
            output[to + i] = TResult.Combine(output[to + i], edge[i]);
        }
    }
}
