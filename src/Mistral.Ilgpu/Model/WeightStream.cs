using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Brings tensors from a mapped checkpoint to the device through a small staging buffer or two, see <see cref="StagingBuffer"/>, converting
/// and padding rows on the way, so that host memory does not grow with the model. Rows that go into strips are staged on the device too.
/// </summary>
public sealed class WeightStream(
    Device device, long totalBytes = 0, IProgress<TensorProgress>? progress = null, CancellationToken cancellation = default) : IDisposable
{
    private readonly StagingBuffer[] _staging = StagingBuffer.For(device, StagingBytes(device));
    private readonly int _readers = StagingBuffer.Readers(device);
    private readonly RandomFill _random = new(device);
    private DeviceBuffer<byte>? _onDevice;
    private long _bytesDone;
    private int _turn;

    /// <summary>Writes the rows of <paramref name="parts"/>, one tensor under the other, to <paramref name="band"/>.</summary>
    public void Upload(IReadOnlyList<CheckpointTensor> parts, WeightBand band)
    {
        int usedBytes = checked((int)band.Format.BytesOf(band.Columns));
        int rowBytes = RowBytes(band);
        int stagedRows = StagedRows(band);
        int to = 0;
        foreach (var tensor in parts)
        {
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
                    var buffer = _staging[_turn];
                    _turn = (_turn + 1) % _staging.Length;
                    Stage(tensor, row, rows, band.Format, usedBytes, rowBytes, buffer.Rows);
                    // The copy out of the other buffer, which is the next to be filled.
                    device.Synchronize();
                    BeginWrite(buffer.Rows.AsSpan(0, rows * rowBytes), buffer.Planes, band, to, rows);
                    if (_staging.Length == 1)
                    {
                        device.Synchronize();
                    }
                }

                to += rows;
                Report(tensor, rows);
            }
        }
    }

    /// <summary>Makes all rows of a band of random weights.</summary>
    internal void Fill(RandomTensor tensor, WeightBand band)
    {
        int stagedRows = StagedRows(band);
        for (int row = 0; row < band.Rows; row += stagedRows)
        {
            Fill(tensor, row, band, row, Math.Min(stagedRows, band.Rows - row));
        }
    }

    /// <summary>Writes rows as <see cref="WeightBand.Upload"/> takes them, no more than are staged at once.</summary>
    internal void Write(Span<byte> rows, WeightBand band, int firstRow, int count)
    {
        var buffer = _staging[_turn];
        device.Synchronize();
        rows.CopyTo(buffer.Rows);
        BeginWrite(buffer.Rows.AsSpan(0, rows.Length), buffer.Planes, band, firstRow, count);
        device.Synchronize();
    }

    private void BeginWrite(Span<byte> rows, Span<byte> planes, WeightBand band, int firstRow, int count)
    {
        var (target, at) = Target(band, firstRow, count);
        target.Upload(device, at, rows, planes);
        Settle(target, band, firstRow, count);
    }

    private void Fill(RandomTensor tensor, int tensorRow, WeightBand band, int firstRow, int count)
    {
        var (target, at) = Target(band, firstRow, count);
        if (target != band && target.Stride != target.Columns)
        {
            target.Bytes.MemSetToZero(device.Stream);
        }

        _random.Fill(tensor, tensorRow, target, at, count);
        Settle(target, band, firstRow, count);
    }

    // Rows go where they belong, those of strips to where they are packed from.
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
            StripPacking.Pack(device, target, count, band, firstRow);
        }
    }

    private static int RowBytes(WeightBand band) => band.Format.IsQuantized()
        ? checked((int)band.Format.BytesOf(band.Columns))
        : band.Stride * band.Format.BytesPerElement();

    private static int StagingBytes(Device device) => device.Info.Kind == DeviceKind.Cpu ? 1 << 20 : 16 << 20;

    private int StagedRows(WeightBand band) => Math.Max(1, _staging[0].Rows.Length / RowBytes(band));

    /// <summary>Writes a tensor of one row as float32.</summary>
    public void UploadVector(CheckpointTensor tensor, ArrayView<float> target)
    {
        var values = new float[tensor.Columns];
        tensor.CopyRows(0, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
        target.CopyFromCPU(device.Stream, values);
        Report(tensor, 1);
    }

    private void Stage(CheckpointTensor tensor, int row, int rows, TensorFormat format, int usedBytes, int rowBytes, byte[] staged)
    {
        if (_readers == 1)
        {
            Read(tensor, row, rows, format, usedBytes, rowBytes, staged.AsSpan(0, rows * rowBytes));
            return;
        }

        try
        {
            Parallel.For(0, _readers, reader =>
            {
                int first = (int)((long)rows * reader / _readers);
                int end = (int)((long)rows * (reader + 1) / _readers);
                Read(tensor, row + first, end - first, format, usedBytes, rowBytes, staged.AsSpan(first * rowBytes, (end - first) * rowBytes));
            });
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    private static void Read(CheckpointTensor tensor, int row, int rows, TensorFormat format, int usedBytes, int rowBytes, Span<byte> staged)
    {
        if (usedBytes == rowBytes)
        {
            tensor.CopyRows(row, rows, format, staged);
            return;
        }

        staged.Clear();
        for (int i = 0; i < rows; i++)
        {
            tensor.CopyRows(row + i, 1, format, staged.Slice(i * rowBytes, usedBytes));
        }
    }

    public void Dispose()
    {
        device.Synchronize();
        _onDevice?.Dispose();
        Array.ForEach(_staging, buffer => buffer.Dispose());
    }

    private void Report(CheckpointTensor tensor, int rows)
    {
        _bytesDone += rows * tensor.Format.BytesOf(tensor.Columns);
        progress?.Report(new TensorProgress(_bytesDone, totalBytes, tensor.Name));
    }
}
