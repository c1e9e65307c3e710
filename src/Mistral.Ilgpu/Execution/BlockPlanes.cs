using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>How the bytes of a quantized format's blocks are parted on the device, see <see cref="IBlockFormat"/>.</summary>
/// <param name="QuantsAt">Bytes of a block before its quants.</param>
/// <param name="QuantBytes">Bytes of its quants.</param>
/// <param name="ScaleBytes">Bytes of all else.</param>
public readonly record struct BlockPlanes(int QuantsAt, int QuantBytes, int ScaleBytes)
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

    /// <summary>Parts blocks as a file holds them.</summary>
    public void Part(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales)
    {
        for (; !blocks.IsEmpty; blocks = blocks[(QuantBytes + ScaleBytes)..], quants = quants[QuantBytes..], scales = scales[ScaleBytes..])
        {
            blocks[..QuantsAt].CopyTo(scales);
            blocks.Slice(QuantsAt, QuantBytes).CopyTo(quants);
            blocks[(QuantsAt + QuantBytes)..(QuantBytes + ScaleBytes)].CopyTo(scales[QuantsAt..]);
        }
    }

    private static BlockPlanes Of<TFormat>()
        where TFormat : struct, IBlockFormat => new(TFormat.QuantsAt, TFormat.QuantBytes, TFormat.ScaleWords * sizeof(ushort));
}
