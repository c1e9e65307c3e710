using System.Runtime.InteropServices;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model;

/// <summary>The adapters of a model on the device, in float32; owns their memory.</summary>
internal sealed class LoraWeights : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly int _rows;
    private readonly List<IDisposable> _owned = [];
    private readonly Dictionary<int, Activation> _inner = [];
    private readonly Dictionary<string, List<(LoraAdapter Adapter, float Scale, LoraSwitch Switch)>> _byTensor = [];

    /// <exception cref="ModelFileException">An adapter is not usable with this model.</exception>
    internal LoraWeights(ComputeDevice device, ModelConfig config, IReadOnlyList<LoraOptions> adapters, int rows)
    {
        _device = device;
        _rows = rows;
        var switches = new List<LoraSwitch>();
        foreach (var options in adapters)
        {
            var adapter = LoraAdapter.Open(options.Path, config);
            _owned.Add(adapter);
            switches.Add(new LoraSwitch(options.Path));
            foreach (string tensor in adapter.Pairs.Keys)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_byTensor, tensor, out _) ??= [];
                _byTensor[tensor].Add((adapter, adapter.Scale * options.Scale, switches[^1]));
            }
        }

        Switches = switches;
    }

    public IReadOnlyList<LoraSwitch> Switches { get; }

    public void Dispose()
    {
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>The updates that are added to the product of stacked tensors.</summary>
    internal IReadOnlyList<LowRankUpdate> For(IEnumerable<CheckpointTensor> stacked)
    {
        var updates = new List<LowRankUpdate>();
        int row = 0;
        foreach (var tensor in stacked)
        {
            foreach (var (adapter, scale, toggle) in _byTensor.GetValueOrDefault(tensor.Name, []))
            {
                var (a, b) = adapter.Pairs[tensor.Name];
                updates.Add(new LowRankUpdate(
                    new WeightMatrix(a.Name, [Upload(a, 0, scale)]),
                    Upload(b.WithHeadsOf(tensor.RowsPerHead), row, 1), Inner(a.Rows), () => toggle.IsOn));
            }

            row += tensor.Rows;
        }

        return updates;
    }

    private WeightBand Upload(CheckpointTensor tensor, int firstRow, float scale)
    {
        int stride = Padding.Pad(tensor.Columns);
        var values = new float[tensor.Columns];
        var padded = new float[(long)tensor.Rows * stride];
        for (int row = 0; row < tensor.Rows; row++)
        {
            tensor.CopyRows(row, 1, TensorFormat.Float32, MemoryMarshal.AsBytes(values.AsSpan()));
            for (int column = 0; column < values.Length; column++)
            {
                padded[((long)row * stride) + column] = values[column] * scale;
            }
        }

        var buffer = _device.Allocate<float>(padded.Length, $"the adapter's '{tensor.Name}'");
        _owned.Add(buffer);
        buffer.View.CopyFromCPU(_device.Stream, padded);
        return new WeightBand(firstRow, tensor.Rows, tensor.Columns, TensorFormat.Float32, buffer.View.Cast<byte>());
    }

    // Updates run one after another, so those of the same rank share a buffer.
    private Activation Inner(int rank)
    {
        if (!_inner.TryGetValue(rank, out var inner))
        {
            var buffer = _device.Allocate<float>((long)_rows * Padding.Pad(rank), "the activations of adapters");
            _owned.Add(buffer);
            inner = _inner[rank] = new Activation("lora", _rows, rank, buffer.View);
        }

        return inner;
    }
}
