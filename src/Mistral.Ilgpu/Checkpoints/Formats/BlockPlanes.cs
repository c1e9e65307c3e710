namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>
/// How the device stores the blocks of a quantized format: a plane of quants, then a plane of scales (see
/// <see cref="Mistral.Ilgpu.Kernels.Formats.IBlockFormat"/>).
/// </summary>
/// <param name="QuantsAt">Offset of the quants in a block.</param>
/// <param name="QuantBytes">Bytes of a block's quants.</param>
/// <param name="ScaleBytes">All other bytes of a block.</param>
/// <param name="Part">Splits blocks into the two planes.</param>
internal sealed record BlockPlanes(int QuantsAt, int QuantBytes, int ScaleBytes, BlockParting Part)
{
    private const int Alignment = 256;

    /// <summary>Offset of the plane of scales, in bytes.</summary>
    public long ScalesAt(long blocks) => ((blocks * QuantBytes) + Alignment - 1) / Alignment * Alignment;
}
