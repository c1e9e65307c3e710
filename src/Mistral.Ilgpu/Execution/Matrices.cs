using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Execution;

/// <summary>In what form quantized weights are multiplied with activations.</summary>
public enum ActivationType
{
    /// <summary>Eight bits per block of 32, so that products are of whole numbers.</summary>
    Int8,

    /// <summary>As they are: slower, without the rounding.</summary>
    Float32,
}

/// <summary>Float32 activations: rows × columns, each row padded with zeros to whole packs.</summary>
/// <param name="quantized">Room for the same in eight bits, where quantized weights may meet them.</param>
public sealed class Activation(string name, int rows, int columns, ArrayView<float> view, Int8Input? quantized = null)
{
    public string Name { get; } = name;

    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    public int Stride { get; } = Padding.Pad(columns);

    public ArrayView<float> View { get; } = view;

    public Int8Input? Quantized { get; } = quantized;
}

/// <summary>
/// Weights on the device: rows × columns, as bands of rows that have one format each. Rows that are stacked to be multiplied
/// at once come in several bands where a file mixes formats.
/// </summary>
/// <param name="updates">What is added to the product.</param>
public sealed class WeightMatrix(string name, IReadOnlyList<WeightBand> bands, IReadOnlyList<LowRankUpdate>? updates = null)
{
    public string Name { get; } = name;

    public IReadOnlyList<WeightBand> Bands { get; } = bands;

    public int Rows { get; } = bands.Sum(band => band.Rows);

    public int Columns { get; } = bands[0].Columns;

    public IReadOnlyList<LowRankUpdate> Updates { get; } = updates ?? [];

    public long Bytes { get; } = bands.Sum(band => WeightBand.SizeInBytes(band.Rows, band.Columns, band.Format));
}

/// <summary>
/// What an adapter adds to a product W x: B (A x), a rank far below the sizes of W (Hu et al., LoRA, arXiv 2106.09685, §4.1).
/// </summary>
/// <param name="Down">A: rank × columns of W, the scale in it.</param>
/// <param name="Up">B: some rows of W × rank.</param>
/// <param name="Inner">Room for A x.</param>
/// <param name="IsOn">Asked before every pass.</param>
public sealed record LowRankUpdate(WeightMatrix Down, WeightBand Up, Activation Inner, Func<bool> IsOn);

/// <summary>
/// Neighbouring rows of weights in one format. Elements are padded with zeros to whole packs; blocks are parted into a plane of
/// quants and one of scales, see <see cref="IBlockFormat"/>.
/// </summary>
/// <param name="FirstRow">Where the band begins in its matrix.</param>
public sealed record WeightBand(int FirstRow, int Rows, int Columns, TensorFormat Format, ArrayView<byte> Bytes)
{
    /// <summary>Elements of a row, of formats that are not quantized.</summary>
    public int Stride { get; } = Padding.Pad(Columns);

    /// <summary>The two planes, of quantized formats.</summary>
    public BlockWeights Blocks
    {
        get
        {
            var planes = BlockPlanes.Of(Format);
            long blocks = (long)Rows * (Columns / Format.BlockLength());
            long scalesAt = planes.ScalesAt(blocks);
            return new BlockWeights(
                Bytes.SubView(0, blocks * planes.QuantBytes),
                Bytes.SubView(scalesAt, blocks * planes.ScaleBytes).Cast<ushort>(),
                Columns);
        }
    }

    public static long SizeInBytes(long rows, int columns, TensorFormat format)
    {
        if (!format.IsQuantized())
        {
            return rows * Padding.Pad(columns) * format.BytesPerElement();
        }

        var planes = BlockPlanes.Of(format);
        long blocks = rows * (columns / format.BlockLength());
        return planes.ScalesAt(blocks) + (blocks * planes.ScaleBytes);
    }

    public ArrayView<TElement> View<TElement>()
        where TElement : unmanaged => Bytes.Cast<TElement>();

    /// <summary>Copies rows to the device, padded elements or blocks as a file holds them, and waits for it.</summary>
    /// <param name="room">As long as the rows, for the parts of blocks.</param>
    internal void Upload(Device device, int firstRow, Span<byte> rows, Span<byte> room)
    {
        if (!Format.IsQuantized())
        {
            Bytes.SubView((long)firstRow * Stride * Format.BytesPerElement(), rows.Length).CopyFromCPU(device.Stream, rows);
            return;
        }

        var planes = BlockPlanes.Of(Format);
        int blocksInRow = Columns / Format.BlockLength();
        int blocks = rows.Length / Format.BlockBytes();
        long firstBlock = (long)firstRow * blocksInRow;
        var quants = room[..(blocks * planes.QuantBytes)];
        var scales = room.Slice(quants.Length, blocks * planes.ScaleBytes);
        planes.Part(rows, quants, scales);
        Bytes.SubView(firstBlock * planes.QuantBytes, quants.Length).CopyFromCPU(device.Stream, quants);
        Bytes.SubView(planes.ScalesAt((long)Rows * blocksInRow) + (firstBlock * planes.ScaleBytes), scales.Length).CopyFromCPU(device.Stream, scales);
    }
}
