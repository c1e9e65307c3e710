using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// Consecutive rows of weights in one format. In the layout of rows, elements are padded with zeros to whole packs, and blocks
/// are split into a plane of quants and a plane of scales (see <see cref="IBlockFormat"/>).
/// The layout of strips is defined by <see cref="Strip"/> and <see cref="IStripFormat"/>.
/// </summary>
/// <param name="FirstRow">The matrix row at which the band starts.</param>
internal sealed record WeightBand(
    int FirstRow, int Rows, int Columns, TensorFormat Format, ArrayView<byte> Bytes, WeightLayout Layout = WeightLayout.Rows)
{
    /// <summary>Elements of a padded row, in formats that are not quantized.</summary>
    public int Stride { get; } = Padding.Pad(Columns);

    /// <summary>Bytes of the band.</summary>
    public long SizeInBytes => SizeOf(Rows, Columns, Format, Layout);

    /// <summary>
    /// A scale for each row, including padding, behind the elements of a format whose tensors have scales.
    /// </summary>
    public ArrayView<float> Scales
    {
        get
        {
            long elements = Padded(Rows, Layout) * Stride * Format.BytesPerElement();
            return Bytes.SubView(elements, Bytes.Length - elements).Cast<float>();
        }
    }

    /// <summary>The two planes of a quantized format in the layout of rows.</summary>
    public BlockWeights Blocks
    {
        get
        {
            var planes = Format.Blocks().Planes;
            long blocks = (long)Rows * (Columns / Format.BlockLength());
            return new BlockWeights(
                Bytes.SubView(0, blocks * planes.QuantBytes),
                Bytes.SubView(planes.ScalesAt(blocks), blocks * planes.ScaleBytes).Cast<ushort>(),
                Columns);
        }
    }

    /// <summary>The addresses of rows of elements on a CUDA device, for prefetching.</summary>
    internal PrefetchedRows AheadRows => new(Bytes.LoadEffectiveAddressAsPtr(), Stride * Format.BytesPerElement());

    /// <summary>The addresses of rows of blocks on a CUDA device, for prefetching.</summary>
    internal PrefetchedBlocks AheadBlocks
    {
        get
        {
            var (blocks, planes) = (Blocks, Format.Blocks().Planes);
            int inRow = Columns / Format.BlockLength();
            return new PrefetchedBlocks(
                new PrefetchedRows(blocks.Quants.LoadEffectiveAddressAsPtr(), inRow * planes.QuantBytes),
                new PrefetchedRows(blocks.Scales.LoadEffectiveAddressAsPtr(), inRow * planes.ScaleBytes));
        }
    }

    /// <summary>The planes of a quantized format in the layout of strips.</summary>
    public StripWeights Strips => new StripPlanes(Format.Blocks().Strips).Weights(Bytes, Rows, Columns);

    public static long SizeOf(long rows, int columns, TensorFormat format, WeightLayout layout)
    {
        long padded = Padded(rows, layout);
        if (!format.IsQuantized())
        {
            int scaleBytes = format.HasScale() ? sizeof(float) : 0;
            return padded * ((Padding.Pad(columns) * (long)format.BytesPerElement()) + scaleBytes);
        }

        if (layout == WeightLayout.Strips)
        {
            return new StripPlanes(format.Blocks().Strips).SizeInBytes(padded, columns);
        }

        var planes = format.Blocks().Planes;
        long blocks = rows * (columns / format.BlockLength());
        return planes.ScalesAt(blocks) + (blocks * planes.ScaleBytes);
    }

    private static long Padded(long rows, WeightLayout layout) =>
        layout == WeightLayout.Strips ? (rows + Strip.Rows - 1) / Strip.Rows * Strip.Rows : rows;

    public ArrayView<TElement> View<TElement>()
        where TElement : unmanaged => Bytes.Cast<TElement>();

    /// <summary>Splits rows of blocks as a file stores them into the planes that <see cref="Upload"/> expects.</summary>
    /// <param name="first">The index of the first row within those that <paramref name="room"/> has space for.</param>
    internal void Part(ReadOnlySpan<byte> rows, int first, Span<byte> room)
    {
        var planes = Format.Blocks().Planes;
        int firstBlock = first * (Columns / Format.BlockLength());
        int quantBytes = room.Length / Format.BlockBytes() * planes.QuantBytes;
        planes.Part(rows, room[(firstBlock * planes.QuantBytes)..], room[(quantBytes + (firstBlock * planes.ScaleBytes))..]);
    }

    /// <summary>Starts to copy rows to the device, in the layout of rows.</summary>
    /// <param name="parted">Padded elements, or blocks split by <see cref="Part"/>. Stays pinned until the device's stream has
    /// copied it.</param>
    internal void Upload(ComputeDevice device, int firstRow, Span<byte> parted)
    {
        if (!Format.IsQuantized())
        {
            Copy(parted, Elements(firstRow, parted.Length));
            return;
        }

        var (quants, scales) = Parts(firstRow, parted.Length);
        Copy(parted[..(int)quants.Length], quants);
        Copy(parted[(int)quants.Length..], scales);

        void Copy(Span<byte> from, ArrayView<byte> to) => to.CopyFromCPUUnsafeAsync(device.Stream, ref from[0], from.Length);
    }

    /// <summary>
    /// Writes rows directly to device memory that is host memory, in the layout of rows. Threads may write different rows
    /// concurrently.
    /// </summary>
    internal void WriteInPlace(int firstRow, ReadOnlySpan<byte> rows)
    {
        if (!Format.IsQuantized())
        {
            rows.CopyTo(OnHost(Elements(firstRow, rows.Length)));
            return;
        }

        var (quants, scales) = Parts(firstRow, rows.Length);
        Format.Blocks().Planes.Part(rows, OnHost(quants), OnHost(scales));

        static Span<byte> OnHost(ArrayView<byte> view) => MemoryMarshal.CreateSpan(ref view[0], (int)view.Length);
    }

    private ArrayView<byte> Elements(int firstRow, int bytes) =>
        Bytes.SubView((long)firstRow * Stride * Format.BytesPerElement(), bytes);

    // The slices of both planes for a number of bytes of blocks.
    private (ArrayView<byte> Quants, ArrayView<byte> Scales) Parts(int firstRow, int bytes)
    {
        var planes = Format.Blocks().Planes;
        int blocksInRow = Columns / Format.BlockLength();
        int blocks = bytes / Format.BlockBytes();
        long firstBlock = (long)firstRow * blocksInRow;
        return (
            Bytes.SubView(firstBlock * planes.QuantBytes, blocks * planes.QuantBytes),
            Bytes.SubView(
                planes.ScalesAt((long)Rows * blocksInRow) + (firstBlock * planes.ScaleBytes), blocks * planes.ScaleBytes));
    }
}
