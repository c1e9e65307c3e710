using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>The rows of <see cref="MatVecTensor{TTensor,TTokens,TNorm,TEpilogue}"/>.</summary>
public static class MatVecRows
{
    /// <summary>That a group makes: sixteen, and of sixteen tokens sixteen more. Of a gated pair those took more registers than
    /// there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PerGroup<TTokens, TEpilogue>()
        where TTokens : struct, ITokenBlocks
        where TEpilogue : struct, IEpilogue => TTokens.AreTwo && !TEpilogue.IsGated ? 2 * Strands.Rows : Strands.Rows;
}
