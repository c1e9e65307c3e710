namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// The sums of rows that are shared out by column: sixteen strands, each of its own columns, and then always the same tree of
/// additions. A wave may keep the strands of two rows in its lanes, or each of eight warps two strands of 32 rows. The bits are
/// the same.
/// </summary>
public static class Strands
{
    public const int Count = 16;

    /// <summary>Rows of weights in a tile: of a tensor core's product.</summary>
    public const int Rows = 16;
}
