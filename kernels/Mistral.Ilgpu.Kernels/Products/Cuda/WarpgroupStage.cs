using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A stage of <see cref="WarpgroupMemory"/> that a warpgroup multiplies.</summary>
internal static class WarpgroupStage
{
    /// <summary>Begins the products of a warpgroup's 64 rows with all tokens, in the order of columns.</summary>
    /// <param name="stage">Where the stage lies.</param>
    /// <param name="warpgroup">Which of the two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<TTensor>(uint stage, int warpgroup)
        where TTensor : struct, ITensorFormat
    {
        const uint SixteenColumns = 16 * sizeof(ushort) / TileMemory.PieceBytes;
        uint weights = (stage + (uint)(warpgroup * WarpgroupSums.Rows * WarpgroupMemory.RowBytes)) / TileMemory.PieceBytes;
        uint tokens = (stage + WarpgroupMemory.TokensAt) / TileMemory.PieceBytes;
        TTensor.MultiplyAddTile(weights, tokens);
        TTensor.MultiplyAddTile(weights + SixteenColumns, tokens + SixteenColumns);
        TTensor.MultiplyAddTile(weights + (2 * SixteenColumns), tokens + (2 * SixteenColumns));
        TTensor.MultiplyAddTile(weights + (3 * SixteenColumns), tokens + (3 * SixteenColumns));
    }
}
