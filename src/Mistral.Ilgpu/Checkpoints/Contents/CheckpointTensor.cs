using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>
/// A tensor of a checkpoint under its canonical name: rows × columns, a vector being one row. Rows of queries and keys come
/// in Mistral's own order, whose rotary pairs are neighbours.
/// </summary>
internal sealed class CheckpointTensor
{
    // How much a copy adds to memory, a head's rows aside.
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

    /// <summary>Rows that are one head's; 0 where rows belong to no head.</summary>
    internal int RowsPerHead { get; }

    private bool IsPadded => RowsPerHead != _storedRowsPerHead;

    /// <summary>How the tensor is made, where it is made as a whole and not read.</summary>
    internal RandomTensor? Generator => IsPadded ? null : _stored.Source as RandomTensor;

    public long Bytes => Format.BytesOf((long)Rows * Columns);

    /// <summary>The format that the tensor has where <paramref name="wanted"/> is asked for, when it is loaded and when it is
    /// written: its own where null, a better one for the output matrix and the embedding where the format says so, and another
    /// where its rows are not whole blocks.</summary>
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

    /// <summary>What the elements are multiplied with where the tensor is copied in a format, see
    /// <see cref="FormatDescriptor.Largest"/>: its own scale, or the one that brings its largest weight to the format's largest
    /// number; 1 in formats without.</summary>
    internal float ScaleAs(TensorFormat target) => target.Descriptor().Largest is not { } most ? 1
        : target == Format ? _stored.Scale
        : _largest.Value > 0 ? _largest.Value / most : 1;

    /// <summary>The same tensor with rows of zeros behind the rows of each head; itself where rows belong to no head, or nothing
    /// is to be added.</summary>
    public CheckpointTensor WithHeadsOf(int rowsPerHead) =>
        RowsPerHead is 0 || RowsPerHead == rowsPerHead ? this : new(this, rowsPerHead);

    /// <param name="makesLogits">Whether it is the output matrix.</param>
    /// <exception cref="ModelFileException">What is stored is not what is expected.</exception>
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

    /// <summary>Copies rows, converted to <paramref name="target"/>.</summary>
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

    /// <summary>Where a row is stored, null where it pads a head, and how many rows from there on follow each other
    /// likewise.</summary>
    /// <example>Heads of 100 rows padded to 112: row 115 is stored as row 103, and 97 rows follow; row 105 pads, and 7 rows
    /// do.</example>
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

        // The rows of a head change places, so whole heads are read.
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

    /// <summary>Hugging Face keeps the two elements of rotary pair i in rows i and headDim / 2 + i of a head, Mistral in 2i
    /// and 2i + 1.</summary>
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
