using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Execution;

/// <summary>In what order weights lie on the device.</summary>
public enum WeightLayout
{
    /// <summary>Row after row.</summary>
    Rows,

    /// <summary>Sixteen rows side by side, for vector processors; see <see cref="Strip"/>.</summary>
    Strips,
}

/// <summary>
/// Neighbouring rows of weights in one format. Row after row, elements are padded with zeros to whole packs, and blocks are parted into a plane of
/// quants and one of scales, see <see cref="IBlockFormat"/>. Strips are as <see cref="Strip"/> and <see cref="IStripFormat"/> tell.
/// </summary>
/// <param name="FirstRow">Where the band begins in its matrix.</param>
public sealed record WeightBand(
    int FirstRow, int Rows, int Columns, TensorFormat Format, ArrayView<byte> Bytes, WeightLayout Layout = WeightLayout.Rows)
{
    /// <summary>Elements of a row, of formats that are not quantized.</summary>
    public int Stride { get; } = Padding.Pad(Columns);

    /// <summary>Bytes of the band.</summary>
    public long SizeInBytes => SizeOf(Rows, Columns, Format, Layout);

    /// <summary>The two planes, of quantized formats row after row.</summary>
    public BlockWeights Blocks
    {
        get
        {
            var planes = BlockPlanes.Of(Format);
            long blocks = (long)Rows * (Columns / Format.BlockLength());
            return new BlockWeights(
                Bytes.SubView(0, blocks * planes.QuantBytes),
                Bytes.SubView(planes.ScalesAt(blocks), blocks * planes.ScaleBytes).Cast<ushort>(),
                Columns);
        }
    }

    /// <summary>The planes of quantized formats in strips.</summary>
    public StripWeights Strips => StripPlanes.Of(Format).Weights(Bytes, Rows, Columns);

    public static long SizeOf(long rows, int columns, TensorFormat format, WeightLayout layout)
    {
        long padded = layout == WeightLayout.Strips ? (rows + Strip.Rows - 1) / Strip.Rows * Strip.Rows : rows;
        if (!format.IsQuantized())
        {
            return padded * Padding.Pad(columns) * format.BytesPerElement();
        }

        if (layout == WeightLayout.Strips)
        {
            return StripPlanes.Of(format).SizeInBytes(padded, columns);
        }

        var planes = BlockPlanes.Of(format);
        long blocks = rows * (columns / format.BlockLength());
        return planes.ScalesAt(blocks) + (blocks * planes.ScaleBytes);
    }

    public ArrayView<TElement> View<TElement>()
        where TElement : unmanaged => Bytes.Cast<TElement>();

    /// <summary>Begins to copy rows to a band of rows on the device, padded elements or blocks as a file holds them.</summary>
    /// <param name="rows">Pinned until the device's stream is through with it.</param>
    /// <param name="room">As long as the rows, for the parts of blocks; pinned likewise.</param>
    internal void Upload(Device device, int firstRow, Span<byte> rows, Span<byte> room)
    {
        if (!Format.IsQuantized())
        {
            Bytes.SubView((long)firstRow * Stride * Format.BytesPerElement(), rows.Length).CopyFromCPUUnsafeAsync(device.Stream, ref rows[0], rows.Length);
            return;
        }

        var planes = BlockPlanes.Of(Format);
        int blocksInRow = Columns / Format.BlockLength();
        int blocks = rows.Length / Format.BlockBytes();
        long firstBlock = (long)firstRow * blocksInRow;
        var quants = room[..(blocks * planes.QuantBytes)];
        var scales = room.Slice(quants.Length, blocks * planes.ScaleBytes);
        planes.Part(rows, quants, scales);
        Bytes.SubView(firstBlock * planes.QuantBytes, quants.Length).CopyFromCPUUnsafeAsync(device.Stream, ref quants[0], quants.Length);
        Bytes.SubView(planes.ScalesAt((long)Rows * blocksInRow) + (firstBlock * planes.ScaleBytes), scales.Length)
            .CopyFromCPUUnsafeAsync(device.Stream, ref scales[0], scales.Length);
    }
}
