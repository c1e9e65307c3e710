using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Brings tensors from a mapped checkpoint to the device through one small staging buffer, converting and padding rows on
/// the way, so that host memory does not grow with the model.
/// </summary>
public sealed class WeightStream(
    Device device, long totalBytes, IProgress<TensorProgress>? progress, CancellationToken cancellation)
{
    private const int StagingBytes = 16 << 20;

    private readonly byte[] _staging = GC.AllocateUninitializedArray<byte>(StagingBytes, pinned: true);
    private readonly byte[] _planes = GC.AllocateUninitializedArray<byte>(StagingBytes, pinned: true);
    private readonly RandomFill _random = new(device);
    private long _bytesDone;

    /// <summary>Writes the rows of <paramref name="parts"/>, one tensor under the other, to <paramref name="band"/>.</summary>
    public void Upload(IReadOnlyList<CheckpointTensor> parts, WeightBand band)
    {
        int usedBytes = checked((int)band.Format.BytesOf(band.Columns));
        int rowBytes = band.Format.IsQuantized() ? usedBytes : band.Stride * band.Format.BytesPerElement();
        int stagedRows = Math.Max(1, _staging.Length / rowBytes);
        int to = 0;
        foreach (var tensor in parts)
        {
            if (tensor.Generator is { } generator && tensor.Format == band.Format)
            {
                cancellation.ThrowIfCancellationRequested();
                _random.Fill(generator, band, to, tensor.Rows);
                to += tensor.Rows;
                Report(tensor, tensor.Rows);
                continue;
            }

            for (int row = 0; row < tensor.Rows; row += stagedRows)
            {
                cancellation.ThrowIfCancellationRequested();
                int rows = Math.Min(stagedRows, tensor.Rows - row);
                var staged = _staging.AsSpan(0, rows * rowBytes);
                Stage(tensor, row, rows, band.Format, usedBytes, rowBytes, staged);
                band.Upload(device, to, staged, _planes);
                to += rows;
                Report(tensor, rows);
            }
        }
    }

    /// <summary>Writes a tensor of one row as float32.</summary>
    public void UploadVector(CheckpointTensor tensor, ArrayView<float> target)
    {
        var values = new float[tensor.Columns];
        tensor.CopyRows(0, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
        target.CopyFromCPU(device.Stream, values);
        Report(tensor, 1);
    }

    private static void Stage(CheckpointTensor tensor, int row, int rows, TensorFormat format, int usedBytes, int rowBytes, Span<byte> staged)
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

    private void Report(CheckpointTensor tensor, int rows)
    {
        _bytesDone += rows * tensor.Format.BytesOf(tensor.Columns);
        progress?.Report(new TensorProgress(_bytesDone, totalBytes, tensor.Name));
    }
}
