using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Parts blocks as a file holds them into their quants and all else.</summary>
public delegate void BlockParting(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales);

/// <summary>How the bytes of a quantized format's blocks are parted on the device, see <see cref="IBlockFormat"/>.</summary>
/// <param name="QuantsAt">Bytes of a block before its quants.</param>
/// <param name="QuantBytes">Bytes of its quants.</param>
/// <param name="ScaleBytes">Bytes of all else.</param>
public readonly record struct BlockPlanes(int QuantsAt, int QuantBytes, int ScaleBytes, BlockParting Part)
{
    private const int Alignment = 256;

    public static BlockPlanes Of(TensorFormat format) => format switch
    {
        TensorFormat.Q8_0 => Of<Q8_0>(),
        TensorFormat.Q4_0 => Of<Q4_0>(),
        TensorFormat.Q4_1 => Of<Q4_1>(),
        TensorFormat.Q5_0 => Of<Q5_0>(),
        TensorFormat.Q5_1 => Of<Q5_1>(),
        TensorFormat.Q2_K => Of<Q2_K>(),
        TensorFormat.Q3_K => Of<Q3_K>(),
        TensorFormat.Q4_K => Of<Q4_K>(),
        TensorFormat.Q5_K => Of<Q5_K>(),
        TensorFormat.Q6_K => Of<Q6_K>(),
        TensorFormat.IQ4_NL => Of<IQ4_NL>(),
        TensorFormat.IQ4_XS => Of<IQ4_XS>(),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "has no blocks"),
    };

    /// <summary>Where the plane of scales starts behind that of quants.</summary>
    public long ScalesAt(long blocks) => ((blocks * QuantBytes) + Alignment - 1) / Alignment * Alignment;

    private static BlockPlanes Of<TFormat>()
        where TFormat : struct, IBlockFormat => new(
            TFormat.QuantsAt, TFormat.QuantBytes, TFormat.ScaleWords * sizeof(ushort), PartBlocks<TFormat>);

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
}
