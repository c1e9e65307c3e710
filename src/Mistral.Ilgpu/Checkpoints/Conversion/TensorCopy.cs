namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Converts tensors and writes them to a stream in pieces, so that memory does not grow with the model.</summary>
internal sealed class TensorCopy(Checkpoint checkpoint, IProgress<TensorProgress>? progress, CancellationToken cancellation)
{
    private const int PieceBytes = 8 << 20;

    private readonly long _total = checkpoint.TotalBytes;
    private long _done;

    /// <param name="splitHeadDim">Head size if the rows of rotary pairs are to be written as split halves; 0 keeps their
    /// order.</param>
    public void Write(Stream output, CheckpointTensor tensor, TensorFormat format, int splitHeadDim = 0)
    {
        int rowBytes = checked((int)format.BytesOf(tensor.Columns));
        int group = Math.Max(1, splitHeadDim);
        int rowsAtOnce = Math.Max(group, PieceBytes / rowBytes / group * group);
        var piece = new byte[Math.Min(tensor.Rows, rowsAtOnce) * rowBytes];
        for (int row = 0; row < tensor.Rows; row += rowsAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            int rows = Math.Min(rowsAtOnce, tensor.Rows - row);
            var bytes = piece.AsSpan(0, rows * rowBytes);
            tensor.CopyRows(row, rows, format, bytes);
            if (splitHeadDim == 0)
            {
                output.Write(bytes);
            }
            else
            {
                for (int i = 0; i < rows; i++)
                {
                    output.Write(bytes.Slice(NeighbourRow(i, splitHeadDim) * rowBytes, rowBytes));
                }
            }

            _done += rows * tensor.Format.BytesOf(tensor.Columns);
            progress?.Report(new TensorProgress(_done, _total, tensor.Name));
        }
    }

    /// <summary>The row in the order of neighbouring pairs for a row in the order of split halves.</summary>
    /// <example>headDim 8: rows 0…7 there are rows 0, 2, 4, 6, 1, 3, 5, 7 here.</example>
    private static int NeighbourRow(int row, int headDim)
    {
        int within = row % headDim;
        int half = headDim / 2;
        return row - within + (within % half * 2) + (within / half);
    }
}
