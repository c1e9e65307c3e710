using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>A tensor of a checkpoint under its canonical name: rows × columns; a vector is one row. Rows of queries and keys
/// are in Mistral's order, where the two rows of a rotary pair are neighbours.</summary>
internal sealed class CheckpointTensor
{
    // Bounds the memory that a copy needs, except that rows to be reordered are read by whole heads.
    private const int MostBytesAtOnce = 1 << 20;

    private readonly StoredTensor _stored;
    private readonly int _splitHeadDim;
    private readonly int _storedRowsPerHead;
    private readonly bool _makesLogits;
    private readonly Lazy<float> _largest;

    private CheckpointTensor(ExpectedTensor expected, StoredTensor stored, TensorFormat format, bool makesLogits)
    {
        _stored = stored;
        _makesLogits = makesLogits;
        _largest = new(FindLargest);
        _splitHeadDim = expected.SplitHeadDim;
        (Name, Rows, Columns, Format) = (expected.Name, expected.Rows, expected.Columns, format);
        _storedRowsPerHead = RowsPerHead = expected.RowsPerHead;
    }

    private CheckpointTensor(CheckpointTensor tensor, int rowsPerHead)
    {
        (_stored, _splitHeadDim, _storedRowsPerHead) = (tensor._stored, tensor._splitHeadDim, tensor._storedRowsPerHead);
        (Name, Rows, Columns, Format) = (
            tensor.Name, tensor.Rows / tensor.RowsPerHead * rowsPerHead, tensor.Columns, tensor.Format);
        RowsPerHead = rowsPerHead;
        (_makesLogits, _largest) = (tensor._makesLogits, tensor._largest);
    }

    public string Name { get; }

    /// <summary>The tensor's name in its file.</summary>
    public string SourceName => _stored.Name;

    public string SourceFile => _stored.Source.Name;

    public int Rows { get; }

    public int Columns { get; }

    public TensorFormat Format { get; }

    /// <summary>Rows of each head; 0 if the rows are not grouped by heads.</summary>
    internal int RowsPerHead { get; }

    private bool IsPadded => RowsPerHead != _storedRowsPerHead;

    /// <summary>The generator of the whole tensor if its weights are random; null if they are read from a file.</summary>
    internal RandomTensor? Generator => IsPadded ? null : _stored.Source as RandomTensor;

    public long Bytes => Format.BytesOf((long)Rows * Columns);

    /// <summary>The format that the tensor gets when it is loaded or written in <paramref name="wanted"/>; null keeps its own.
    /// The output matrix and the embedding get the more exact formats that <paramref name="wanted"/> names for them.
    /// A tensor whose rows are not whole blocks gets Q8_0 or Float16.</summary>
    public TensorFormat FormatAs(TensorFormat? wanted)
    {
        if (wanted is not { } format)
        {
            return Format;
        }

        var descriptor = format.Descriptor();
        return InWholeBlocks(
            (_makesLogits ? descriptor.OfLogits : Name == TensorNames.Embedding ? descriptor.OfEmbedding : null) ?? format);
    }

    /// <summary>
    /// The scale of the tensor in a format (weight = scale × element, see <see cref="FormatDescriptor.Largest"/>).
    /// It is the stored scale if the format does not change, and otherwise maps the largest weight to the largest element.
    /// It is 1 in formats without a scale.
    /// </summary>
    internal float ScaleAs(TensorFormat target) => target.Descriptor().Largest is not { } most ? 1
        : target == Format ? _stored.Scale
        : _largest.Value > 0 ? _largest.Value / most : 1;

    /// <summary>The same tensor with each head padded to <paramref name="rowsPerHead"/> rows by rows of zeros. It is this
    /// instance if there are no heads or nothing to add.</summary>
    public CheckpointTensor WithHeadsOf(int rowsPerHead) =>
        RowsPerHead is 0 || RowsPerHead == rowsPerHead ? this : new(this, rowsPerHead);

    /// <param name="makesLogits">Whether this is the output matrix.</param>
    /// <exception cref="ModelFileException">Type, shape or length differ from what is expected.</exception>
    internal static CheckpointTensor Of(ExpectedTensor expected, StoredTensor found, bool makesLogits = false)
    {
        if (TensorFormatExtensions.FromStoredName(found.Type) is not { } format)
        {
            var known = FormatDescriptors.Formats.Where(format => !format.IsQuantized()).Select(format => format.StoredName());
            throw new ModelFileException(
                found.Source.Name, $"{found.Name}.dtype: found {found.Type}, expected {string.Join(" or ", known)}");
        }

        // A matrix of one row is written with two dimensions, a vector with one.
        if (!found.Shape.SequenceEqual([expected.Rows, expected.Columns])
            && !(expected.Rows == 1 && found.Shape.SequenceEqual([expected.Columns])))
        {
            throw new ModelFileException(
                found.Source.Name,
                $"{found.Name}.shape: found [{string.Join(", ", found.Shape)}], "
                + $"expected {expected.ShapeText} from the configuration");
        }

        long bytes = format.BytesOf((long)expected.Rows * expected.Columns);
        return found.Length == bytes ? new CheckpointTensor(expected, found, format, makesLogits) : throw new ModelFileException(
            found.Source.Name,
            $"{found.Name}.data_offsets: found {found.Length} bytes, expected {bytes} for its shape and dtype");
    }

    /// <summary>Copies rows and converts them to <paramref name="target"/>.</summary>
    /// <param name="destination">rowCount × columns elements of the target format.</param>
    /// <exception cref="ModelFileException">A weight is not a finite number.</exception>
    public void CopyRows(long firstRow, int rowCount, TensorFormat target, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, Rows - rowCount);
        int targetRowBytes = checked((int)target.BytesOf(Columns));
        if (destination.Length != (long)rowCount * targetRowBytes)
        {
            throw new ArgumentException(
                $"{Name}: found room for {destination.Length} bytes, expected {(long)rowCount * targetRowBytes}",
                nameof(destination));
        }

        int rowsAtOnce = Math.Max(1, MostBytesAtOnce / (int)Format.BytesOf(Columns));
        for (int done = 0; done < rowCount;)
        {
            var (storedRow, sameKind) = Locate(firstRow + done);
            int rows = (int)Math.Min(Math.Min(rowsAtOnce, rowCount - done), sameKind);
            var part = destination.Slice(done * targetRowBytes, rows * targetRowBytes);
            if (storedRow is { } first)
            {
                CopyPart(first, rows, target, part);
            }
            else
            {
                // Zero bytes are zero weights in every format.
                part.Clear();
            }

            done += rows;
        }
    }

    /// <summary>The index of a row in the file, null for padding, and how many rows of that kind start there.</summary>
    /// <example>Heads of 100 rows padded to 112: row 115 is stored row 103, the first of 97 rows. Row 105 is padding, the first
    /// of 7 rows.</example>
    private (long? StoredRow, long Count) Locate(long row)
    {
        if (!IsPadded)
        {
            return (row, Rows - row);
        }

        long within = row % RowsPerHead;
        return within < _storedRowsPerHead
            ? ((row / RowsPerHead * _storedRowsPerHead) + within, _storedRowsPerHead - within)
            : (null, RowsPerHead - within);
    }

    private TensorFormat InWholeBlocks(TensorFormat format) => Columns % format.BlockLength() == 0 ? format
        : Columns % TensorFormat.Q8_0.BlockLength() == 0 ? TensorFormat.Q8_0
        : TensorFormat.Float16;

    private void CopyPart(long firstRow, int rowCount, TensorFormat target, Span<byte> destination)
    {
        int sourceRowBytes = checked((int)Format.BytesOf(Columns));
        if (_splitHeadDim == 0)
        {
            long at = _stored.Offset + (firstRow * sourceRowBytes);
            if (target == Format)
            {
                _stored.Source.Read(at, destination);
                Check(target.Descriptor().FirstNotFinite(destination), firstRow, target);
                return;
            }

            using var rows = _stored.Source.Rent(at, rowCount * sourceRowBytes);
            Convert(rows.Bytes, firstRow, target, destination);
            return;
        }

        // Rows are reordered within a head, so whole heads are read.
        int targetRowBytes = checked((int)target.BytesOf(Columns));
        long start = firstRow / _splitHeadDim * _splitHeadDim;
        long end = ((firstRow + rowCount - 1) / _splitHeadDim * _splitHeadDim) + _splitHeadDim;
        using var heads = _stored.Source.Rent(
            _stored.Offset + (start * sourceRowBytes), checked((int)((end - start) * sourceRowBytes)));
        for (int i = 0; i < rowCount; i++)
        {
            long sourceRow = SourceRow(firstRow + i);
            var row = heads.Bytes.Slice((int)(sourceRow - start) * sourceRowBytes, sourceRowBytes);
            Convert(row, sourceRow, target, destination.Slice(i * targetRowBytes, targetRowBytes));
        }
    }

    /// <summary>The stored row for a row in Mistral's order. Rotary pair i of a head is rows i and headDim / 2 + i in Hugging
    /// Face's files, and rows 2i and 2i + 1 here.</summary>
    /// <example>headDim 8: rows 0…7 here are rows 0, 4, 1, 5, 2, 6, 3, 7 there.</example>
    private long SourceRow(long row)
    {
        long head = row / _splitHeadDim;
        long within = row % _splitHeadDim;
        return (head * _splitHeadDim) + (within % 2 * (_splitHeadDim / 2)) + (within / 2);
    }

    private void Convert(ReadOnlySpan<byte> source, long sourceRow, TensorFormat target, Span<byte> destination)
    {
        Check(FormatConversion.Convert(source, Format, destination, target, _stored.Scale / ScaleAs(target)), sourceRow, target);
    }

    private float FindLargest()
    {
        int rowsAtOnce = Math.Max(1, MostBytesAtOnce / (sizeof(float) * Columns));
        var values = new float[Math.Min(rowsAtOnce, Rows) * Columns];
        float largest = 0;
        for (int row = 0; row < Rows; row += rowsAtOnce)
        {
            int rows = Math.Min(rowsAtOnce, Rows - row);
            var some = values.AsSpan(0, rows * Columns);
            CopyRows(row, rows, TensorFormat.Float32, MemoryMarshal.AsBytes(some));
            largest = MathF.Max(largest, MathF.Abs(TensorPrimitives.MaxMagnitude<float>(some)));
        }

        return largest;
    }

    private void Check(long bad, long sourceRow, TensorFormat target)
    {
        if (bad >= 0)
        {
            throw new ModelFileException(
                SourceFile,
                $"{SourceName}: found a weight that is not a finite {target.ShortName()} number at row "
                + $"{sourceRow + (bad / Columns)}, column {bad % Columns}, expected finite weights");
        }
    }
}
