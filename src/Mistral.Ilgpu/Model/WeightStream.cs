using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Copies tensors from a checkpoint's files to the device through one or two staging buffers (see <see cref="StagingBuffer"/>).
/// Converts and pads rows on the way, so that host memory does not grow with the model. Rows of strips are also staged on the
/// device.
/// </summary>
internal sealed class WeightStream(
    ComputeDevice device, long totalBytes = 0, IProgress<TensorProgress>? progress = null,
    CancellationToken cancellation = default) : IDisposable
{
    private readonly StagingBuffer[] _staging = StagingBuffer.For(device, Family.Of(device).StagingBytes);
    private DeviceBuffer<byte>? _onDevice;
    private long _bytesDone;
    private int _turn;

    /// <summary>Writes the rows of <paramref name="parts"/> to <paramref name="band"/>, one tensor below the other.</summary>
    public void Upload(IReadOnlyList<CheckpointTensor> parts, WeightBand band)
    {
        int stagedRows = StagedRows(band);
        int to = 0;
        foreach (var tensor in parts)
        {
            WriteScales(band, to, tensor.Rows, tensor.ScaleAs(band.Format));
            for (int row = 0; row < tensor.Rows; row += stagedRows)
            {
                cancellation.ThrowIfCancellationRequested();
                int rows = Math.Min(stagedRows, tensor.Rows - row);
                if (tensor.Generator is { } generator && tensor.Format == band.Format)
                {
                    Fill(generator, row, band, to, rows);
                }
                else
                {
                    int tensorRow = row;
                    Write(band, to, rows, (first, count, staged) => Read(tensor, tensorRow + first, count, band, staged));
                }

                to += rows;
                Report(tensor, rows);
            }
        }
    }

    /// <summary>Reports tensors that need not be written.</summary>
    public void Skip(IReadOnlyList<CheckpointTensor> parts, WeightBand band)
    {
        foreach (var tensor in parts)
        {
            Report(tensor, tensor.Rows);
        }
    }

    /// <summary>Fills all rows of a band with random weights.</summary>
    internal void Fill(RandomTensor tensor, WeightBand band)
    {
        WriteScales(band, 0, band.Rows, tensor.Scale);
        int stagedRows = StagedRows(band);
        for (int row = 0; row < band.Rows; row += stagedRows)
        {
            Fill(tensor, row, band, row, Math.Min(stagedRows, band.Rows - row));
        }
    }

    /// <summary>
    /// Writes rows of padded elements or of blocks in the layout of a file, at most as many as are staged at once.
    /// </summary>
    internal void Write(byte[] rows, WeightBand band, int firstRow, int count)
    {
        int rowBytes = RowBytes(band);
        Write(band, firstRow, count, (first, some, staged) => rows.AsSpan(first * rowBytes, some * rowBytes).CopyTo(staged));
        device.Synchronize();
    }

    /// <summary>Writes the scale that the rows have in common. Does nothing for formats without scales.</summary>
    internal void WriteScales(WeightBand band, int firstRow, int count, float scale)
    {
        if (band.Format.HasScale())
        {
            float[] scales = [.. Enumerable.Repeat(scale, count)];
            band.Scales.SubView(firstRow, count).CopyFromCPU(device.Stream, scales);
        }
    }

    // Several threads each read a share of the rows. On a device in host memory they also write them to their place, because
    // new pages are mapped faster by several threads.
    private void Write(WeightBand band, int firstRow, int count, ReadRows read)
    {
        var buffer = _staging[_turn];
        _turn = (_turn + 1) % _staging.Length;
        int rowBytes = RowBytes(band);
        bool inPlace = device.IsHostMemory && band.Layout == WeightLayout.Rows;
        bool isParted = !inPlace && band.Format.IsQuantized();
        HostShares.Run(count, (first, some) =>
        {
            var staged = (inPlace || isParted ? buffer.Rows : buffer.Parted).AsSpan(first * rowBytes, some * rowBytes);
            read(first, some, staged);
            if (inPlace)
            {
                band.WriteInPlace(firstRow + first, staged);
            }
            else if (isParted)
            {
                band.Part(staged, first, buffer.Parted.AsSpan(0, count * rowBytes));
            }
        });
        if (inPlace)
        {
            return;
        }

        // Waits for the copy from the other buffer, which is filled next.
        device.Synchronize();
        var (target, at) = Target(band, firstRow, count);
        target.Upload(device, at, buffer.Parted.AsSpan(0, count * rowBytes));
        Settle(target, band, firstRow, count);
        if (_staging.Length == 1)
        {
            device.Synchronize();
        }
    }

    private void Fill(RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int count)
    {
        var (target, at) = Target(band, firstRow, count);
        if (target != band && target.Stride != target.Columns)
        {
            target.Bytes.MemSetToZero(device.Stream);
        }

        FormatForms.Of(target.Format).FillRandom(device, tensor, tensorRow, target, at, count);
        Settle(target, band, firstRow, count);
    }

    // The place that rows are written to: the band, or for strips the memory that they are packed from.
    private (WeightBand Band, int FirstRow) Target(WeightBand band, int firstRow, int count)
    {
        if (band.Layout == WeightLayout.Rows)
        {
            return (band, firstRow);
        }

        long bytes = WeightBand.SizeOf(count, band.Columns, band.Format, WeightLayout.Rows);
        if (_onDevice is null || _onDevice.View.Length < bytes)
        {
            device.Synchronize();
            _onDevice?.Dispose();
            _onDevice = device.Allocate<byte>(bytes, "the staging of weights");
        }

        return (new WeightBand(0, count, band.Columns, band.Format, _onDevice.View.SubView(0, bytes)), 0);
    }

    private void Settle(WeightBand target, WeightBand band, int firstRow, int count)
    {
        if (band.Layout == WeightLayout.Strips)
        {
            FormatForms.Of(band.Format).PackStrips(device, target, count, band, firstRow);
        }
    }

    private static int RowBytes(WeightBand band) => band.Format.IsQuantized()
        ? checked((int)band.Format.BytesOf(band.Columns))
        : band.Stride * band.Format.BytesPerElement();

    private int StagedRows(WeightBand band) => Math.Max(1, _staging[0].Rows.Length / RowBytes(band));

    /// <summary>Writes a tensor of one row as float32.</summary>
    public void UploadVector(CheckpointTensor tensor, ArrayView<float> target)
    {
        var values = new float[tensor.Columns];
        tensor.CopyRows(0, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
        target.CopyFromCPU(device.Stream, values);
        Report(tensor, 1);
    }

    private static void Read(CheckpointTensor tensor, int row, int rows, WeightBand band, Span<byte> staged)
    {
        int usedBytes = checked((int)band.Format.BytesOf(band.Columns));
        int rowBytes = RowBytes(band);
        if (usedBytes == rowBytes)
        {
            tensor.CopyRows(row, rows, band.Format, staged);
            return;
        }

        staged.Clear();
        for (int i = 0; i < rows; i++)
        {
            tensor.CopyRows(row + i, 1, band.Format, staged.Slice(i * rowBytes, usedBytes));
        }
    }

    public void Dispose()
    {
        device.Synchronize();
        _onDevice?.Dispose();
        Array.ForEach(_staging, buffer => buffer.Dispose());
    }

    // Reads some of the rows that are being written, from a given one, into a span.
    private delegate void ReadRows(int first, int count, Span<byte> staged);

    private void Report(CheckpointTensor tensor, int rows)
    {
        // Rows that pad heads are not in the files.
        _bytesDone = Math.Min(totalBytes, _bytesDone + (rows * tensor.Format.BytesOf(tensor.Columns)));
        progress?.Report(new TensorProgress(_bytesDone, totalBytes, tensor.Name));
    }
}
