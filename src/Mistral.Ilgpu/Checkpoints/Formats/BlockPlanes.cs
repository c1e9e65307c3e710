namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>How the bytes of a quantized format's blocks are parted on the device, see
/// <see cref="Mistral.Ilgpu.Kernels.Formats.IBlockFormat"/>.</summary>
/// <param name="QuantsAt">Bytes of a block before its quants.</param>
/// <param name="QuantBytes">Bytes of its quants.</param>
/// <param name="ScaleBytes">Bytes of all else.</param>
internal sealed record BlockPlanes(int QuantsAt, int QuantBytes, int ScaleBytes, BlockParting Part)
{
    private const int Alignment = 256;

    /// <summary>Where the plane of scales starts behind that of quants.</summary>
    public long ScalesAt(long blocks) => ((blocks * QuantBytes) + Alignment - 1) / Alignment * Alignment;
}
