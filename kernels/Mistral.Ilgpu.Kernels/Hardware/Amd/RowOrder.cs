using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>How matrices are laid out for <see cref="IRowCore"/>.</summary>
internal static class RowOrder<TCore>
    where TCore : struct, IRowCore
{
    /// <summary>
    /// The row in shared memory of a matrix's row. Their order is such that sums of eight neighbours are in one lane: a lane of
    /// the lower half of the wave has those of rows 0 to 7 and 16 to 23 of each 32, and one of the upper half the others.
    /// </summary>
    /// <param name="eight">The row's eight, which is row / 8.</param>
    /// <param name="i">Its place there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(int eight, int i) =>
        ((eight >> 2) * 32) + TCore.Token((eight & 1) * (TCore.Lanes / 2), (eight >> 1) & 1, i);
}
