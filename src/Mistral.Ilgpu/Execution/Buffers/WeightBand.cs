using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// Neighbouring rows of weights in one format. Row after row, elements are padded with zeros to whole packs, and blocks are
/// parted into a plane of quants and one of scales, see <see cref="IBlockFormat"/>. Strips are as <see cref="Strip"/> and
/// <see cref="IStripFormat"/> tell.
/// </summary>
/// <param name="FirstRow">Where the band begins in its matrix.</param>
internal sealed record WeightBand(
    int FirstRow, int Rows, int Columns, TensorFormat Format, ArrayView<byte> Bytes, WeightLayout Layout = WeightLayout.Rows)
{
    /// <summary>Elements of a row, of formats that are not quantized.</summary>
    public int Stride { get; } = Padding.Pad(Columns);

    /// <summary>Bytes of the band.</summary>
    public long SizeInBytes => SizeOf(Rows, Columns, Format, Layout);

    /// <summary>A float for each row, padded ones too, behind the elements of a format whose tensors have scales.</summary>
    public ArrayView<float> Scales
    {
        get
        {
            long elements = Padded(Rows, Layout) * Stride * Format.BytesPerElement();
            return Bytes.SubView(elements, Bytes.Length - elements).Cast<float>();
        }
    }

    /// <summary>The two planes, of quantized formats row after row.</summary>
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

    /// <summary>Where rows of elements lie on a CUDA device.</summary>
    internal PrefetchedRows AheadRows => new(Bytes.LoadEffectiveAddressAsPtr(), Stride * Format.BytesPerElement());

    /// <summary>Where rows of blocks do.</summary>
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

    /// <summary>The planes of quantized formats in strips.</summary>
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

    /// <summary>Parts rows of blocks as a file holds them into their planes, as <see cref="Upload"/> takes them.</summary>
    /// <param name="first">Number of the first row among those that <paramref name="room"/> is for.</param>
    internal void Part(ReadOnlySpan<byte> rows, int first, Span<byte> room)
    {
        var planes = Format.Blocks().Planes;
        int firstBlock = first * (Columns / Format.BlockLength());
        int quantBytes = room.Length / Format.BlockBytes() * planes.QuantBytes;
        planes.Part(rows, room[(firstBlock * planes.QuantBytes)..], room[(quantBytes + (firstBlock * planes.ScaleBytes))..]);
    }

    /// <summary>Begins to copy rows to a band of rows on the device.</summary>
    /// <param name="parted">Padded elements, or blocks after <see cref="Part"/>; pinned until the device's stream is through with
    /// it.</param>
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

    /// <summary>Writes rows to a band of rows where the device's memory is the host's; several threads may, to rows of their
    /// own.</summary>
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

    // Where the planes of so many bytes of blocks are.
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
