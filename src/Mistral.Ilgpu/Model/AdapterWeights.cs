using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>An adapter on the device, in float32; owns its memory.</summary>
internal sealed class AdapterWeights : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly List<IDisposable> _owned = [];
    private readonly Dictionary<int, Activation> _inner = [];

    /// <param name="index">The index of its bit in masks.</param>
    /// <param name="rows">The most tokens in one pass.</param>
    /// <exception cref="DeviceException">The device has less memory left.</exception>
    public AdapterWeights(ComputeDevice device, int index, IReadOnlyList<AdapterTerm> terms, int rows)
    {
        (_device, Index) = (device, index);
        try
        {
            Updates = terms.ToLookup(term => term.Matrix, term => new LowRankUpdate(
                new WeightMatrix(term.Pair.A.Name, [Upload(term.Pair.A, 0, term.Down)]),
                Upload(term.Pair.B, term.FirstRow, term.Up), Inner(term.Pair.A.Rows, rows)));
            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The index of its bit in masks.</summary>
    public int Index { get; }

    /// <summary>What it adds to the product with each matrix.</summary>
    public ILookup<MatrixPlan, LowRankUpdate> Updates { get; }

    public void Dispose() => _owned.ForEach(owned => owned.Dispose());

    private WeightBand Upload(CheckpointTensor tensor, int firstRow, float[] values)
    {
        var buffer = _device.Allocate<float>(values.Length, $"the adapter's '{tensor.Name}'", zeroed: false);
        _owned.Add(buffer);
        buffer.View.CopyFromCPU(_device.Stream, values);
        return new WeightBand(firstRow, tensor.Rows, tensor.Columns, TensorFormat.Float32, buffer.View.Cast<byte>());
    }

    // Updates run one after another, so those of the same rank share a buffer.
    private Activation Inner(int rank, int rows)
    {
        if (!_inner.TryGetValue(rank, out var inner))
        {
            var buffer = _device.Allocate<float>((long)rows * Padding.Pad(rank), "the activations of an adapter");
            _owned.Add(buffer);
            inner = _inner[rank] = new Activation("lora", rows, rank, buffer.View);
        }

        return inner;
    }
}
