using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Parts blocks as a file holds them into their quants and all else.</summary>
public delegate void BlockParting(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales);

/// <summary>How the bytes of a quantized format's blocks are parted on the device, see <see cref="IBlockFormat"/>.</summary>
/// <param name="QuantsAt">Bytes of a block before its quants.</param>
/// <param name="QuantBytes">Bytes of its quants.</param>
/// <param name="ScaleBytes">Bytes of all else.</param>
public readonly record struct BlockPlanes(int QuantsAt, int QuantBytes, int ScaleBytes, BlockParting Part)
{
    private const int Alignment = 256;

    public static BlockPlanes Of(TensorFormat format) => BlockFormats.Use(format, default(Planes));

    /// <summary>Where the plane of scales starts behind that of quants.</summary>
    public long ScalesAt(long blocks) => ((blocks * QuantBytes) + Alignment - 1) / Alignment * Alignment;

    // One for each format, so that the compiler knows how long the copies are.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PartBlocks<TFormat>(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales)
        where TFormat : struct, IBlockFormat
    {
        int scaleBytes = TFormat.ScaleWords * sizeof(ushort);
        int behind = TFormat.QuantsAt + TFormat.QuantBytes;
        for (; !blocks.IsEmpty; blocks = blocks[(TFormat.QuantBytes + scaleBytes)..], quants = quants[TFormat.QuantBytes..], scales = scales[scaleBytes..])
        {
            blocks[..TFormat.QuantsAt].CopyTo(scales);
            blocks.Slice(TFormat.QuantsAt, TFormat.QuantBytes).CopyTo(quants);
            blocks[behind..(TFormat.QuantBytes + scaleBytes)].CopyTo(scales[TFormat.QuantsAt..]);
        }
    }

    private readonly struct Planes : IBlockFormatUse<BlockPlanes>
    {
        BlockPlanes IBlockFormatUse<BlockPlanes>.Of<TFormat>() =>
            new(TFormat.QuantsAt, TFormat.QuantBytes, TFormat.ScaleWords * sizeof(ushort), PartBlocks<TFormat>);
    }
}
