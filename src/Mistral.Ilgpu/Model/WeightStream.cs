using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>How far loading is, in bytes of the checkpoint.</summary>
public readonly record struct LoadProgress(long BytesDone, long BytesTotal, string Tensor);

/// <summary>
/// Brings tensors from a mapped checkpoint to the device through one small staging buffer, converting and padding rows on
/// the way, so that host memory does not grow with the model.
/// </summary>
public sealed class WeightStream(
    Device device, long totalBytes, IProgress<LoadProgress>? progress, CancellationToken cancellation)
{
    private const int StagingBytes = 16 << 20;

    private readonly byte[] _staging = GC.AllocateUninitializedArray<byte>(StagingBytes, pinned: true);
    private long _bytesDone;

    /// <summary>Writes the rows of <paramref name="parts"/>, one tensor under the other, to <paramref name="target"/>.</summary>
    /// <param name="stride">Elements of a row on the device; what exceeds the tensors' columns is zero.</param>
    public void Upload(IReadOnlyList<CheckpointTensor> parts, TensorFormat format, int stride, ArrayView<byte> target)
    {
        int rowBytes = checked(stride * format.BytesPerElement());
        int stagedRows = Math.Max(1, _staging.Length / rowBytes);
        long at = 0;
        foreach (var tensor in parts)
        {
            for (int row = 0; row < tensor.Rows; row += stagedRows)
            {
                cancellation.ThrowIfCancellationRequested();
                int rows = Math.Min(stagedRows, tensor.Rows - row);
                var staged = _staging.AsSpan(0, rows * rowBytes);
                Stage(tensor, row, rows, format, rowBytes, staged);
                // Waits, because the staging buffer is used again at once.
                target.SubView(at, staged.Length).CopyFromCPU(device.Stream, staged);
                at += staged.Length;
                _bytesDone += (long)rows * tensor.Columns * tensor.Format.BytesPerElement();
                progress?.Report(new LoadProgress(_bytesDone, totalBytes, tensor.Name));
            }
        }
    }

    private static void Stage(CheckpointTensor tensor, int row, int rows, TensorFormat format, int rowBytes, Span<byte> staged)
    {
        int usedBytes = tensor.Columns * format.BytesPerElement();
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
}
