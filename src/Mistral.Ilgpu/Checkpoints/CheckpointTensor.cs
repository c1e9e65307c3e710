namespace Mistral.Ilgpu.Checkpoints;

/// <summary>
/// A tensor of a checkpoint under its canonical name: rows × columns, a vector being one row. Rows of queries and keys come
/// in Mistral's own order, whose rotary pairs are neighbours.
/// </summary>
public sealed class CheckpointTensor
{
    private readonly StoredTensor _stored;
    private readonly int _splitHeadDim;

    internal CheckpointTensor(ExpectedTensor expected, StoredTensor stored, TensorFormat format)
    {
        _stored = stored;
        _splitHeadDim = expected.SplitHeadDim;
        (Name, Rows, Columns, Format) = (expected.Name, expected.Rows, expected.Columns, format);
    }

    public string Name { get; }

    /// <summary>The tensor's name in its file.</summary>
    public string SourceName => _stored.Name;

    public string SourceFile => _stored.Source.Name;

    public int Rows { get; }

    public int Columns { get; }

    public TensorFormat Format { get; }

    public long Bytes => (long)Rows * Columns * Format.BytesPerElement();

    /// <summary>Copies rows, converted to <paramref name="target"/>.</summary>
    /// <param name="destination">rowCount × columns elements of the target format.</param>
    /// <exception cref="ModelFileException">A weight is not a finite number.</exception>
    public void CopyRows(long firstRow, int rowCount, TensorFormat target, Span<byte> destination)
    {
        int targetRowBytes = Columns * target.BytesPerElement();
        if (_splitHeadDim == 0)
        {
            CopyStored(firstRow, firstRow, rowCount, target, destination);
            return;
        }

        for (int i = 0; i < rowCount; i++)
        {
            CopyStored(SourceRow(firstRow + i), firstRow + i, 1, target, destination.Slice(i * targetRowBytes, targetRowBytes));
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

    private unsafe void CopyStored(long sourceRow, long row, int rowCount, TensorFormat target, Span<byte> destination)
    {
        int sourceRowBytes = Columns * Format.BytesPerElement();
        fixed (byte* pinned = destination)
        {
            byte* to = pinned;
            int length = destination.Length;
            _stored.Source.Read(_stored.Offset + (sourceRow * sourceRowBytes), rowCount * sourceRowBytes, source =>
            {
                long bad = FormatConversion.Convert(source, Format, new Span<byte>(to, length), target);
                if (bad >= 0)
                {
                    throw new ModelFileException(
                        SourceFile, $"{SourceName}: found a weight that is not a finite {target.ShortName()} number at row {row + (bad / Columns)}, column {bad % Columns}, expected finite weights");
                }
            });
        }
    }
}
