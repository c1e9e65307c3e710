using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>All activations of a pass and the step state, allocated once and shared by every layer.</summary>
public sealed class Workspace : IDisposable
{
    private readonly Device _device;
    private readonly List<IDisposable> _buffers = [];
    private readonly DeviceBuffer<int> _state;
    private readonly DeviceBuffer<int> _chosen;
    private readonly int[] _stateOnHost;
    private readonly int[] _chosenOnHost = new int[1];

    /// <param name="chunk">Most tokens in one pass.</param>
    /// <param name="logitRows">Most rows of logits in one pass.</param>
    public Workspace(Device device, ModelConfig config, int chunk, int logitRows)
    {
        _device = device;
        var shape = new AttentionShape(config.HeadCount, config.KvHeadCount, config.HeadDim);
        try
        {
            _stateOnHost = new int[StepState.Ids + chunk];
            _state = Own(device.Allocate<int>(_stateOnHost.Length, "the step state"));
            _chosen = Own(device.Allocate<int>(1, "the chosen token"));
            var frequencies = Rotary.Frequencies(config.HeadDim, config.RopeTheta);
            var frequencyBuffer = Own(device.Allocate<ulong>(frequencies.Length, "rotary frequencies"));
            frequencyBuffer.View.CopyFromCPU(device.Stream, frequencies);
            Frequencies = frequencyBuffer.View;
            Hidden = Rows("hidden", chunk, config.Dim);
            Normed = Rows("normed", chunk, config.Dim, isInput: true);
            Qkv = Rows("qkv", chunk, shape.QkvColumns);
            Attended = Rows("attended", chunk, shape.Heads * shape.HeadDim, isInput: true);
            GateUp = Rows("gate_up", chunk, 2 * config.FeedForwardDim);
            Activated = Rows("activated", chunk, config.FeedForwardDim, isInput: true);
            Final = Rows("final", logitRows, config.Dim, isInput: true);
            Logits = Rows("logits", logitRows, config.VocabularySize);
            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The residual stream: chunk × dim.</summary>
    public Activation Hidden { get; }

    public Activation Normed { get; }

    public Activation Qkv { get; }

    public Activation Attended { get; }

    public Activation GateUp { get; }

    public Activation Activated { get; }

    /// <summary>Normed rows whose logits are wanted.</summary>
    public Activation Final { get; }

    public Activation Logits { get; }

    /// <summary>Rotary frequencies, headDim / 2, see <see cref="Rotary"/>.</summary>
    public ArrayView<ulong> Frequencies { get; }

    /// <summary>See <see cref="StepState"/>.</summary>
    public ArrayView<int> State => _state.View;

    /// <summary>One id: what the arg-max step chose.</summary>
    public ArrayView<int> Chosen => _chosen.View;

    /// <summary>Puts a pass's counts, positions and ids on the device.</summary>
    public void Upload(Pass pass, ReadOnlySpan<int> ids)
    {
        _stateOnHost[StepState.TokenCount] = pass.TokenCount;
        _stateOnHost[StepState.StartPosition] = pass.StartPosition;
        _stateOnHost[StepState.LogitCount] = pass.LogitCount;
        _stateOnHost[StepState.FirstLogitRow] = pass.TokenCount - pass.LogitCount;
        ids.CopyTo(_stateOnHost.AsSpan(StepState.Ids));
        int length = StepState.Ids + ids.Length;
        State.SubView(0, length).CopyFromCPU(_device.Stream, _stateOnHost.AsSpan(0, length));
    }

    /// <summary>Waits for the device and returns what the arg-max step chose.</summary>
    public int ReadChosen()
    {
        Chosen.CopyToCPU(_device.Stream, _chosenOnHost.AsSpan());
        return _chosenOnHost[0];
    }

    /// <summary>Waits for the device and copies one row of logits.</summary>
    public void ReadLogits(int row, Span<float> logits)
    {
        Logits.View.SubView((long)row * Logits.Stride, Logits.Columns).CopyToCPU(_device.Stream, logits);
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private Activation Rows(string name, int rows, int columns, bool isInput = false)
    {
        long length = (long)rows * Padding.Pad(columns);
        return new Activation(name, rows, columns, Own(_device.Allocate<float>(length, $"the activations '{name}'")).View, Quantized());

        // What quantized weights are multiplied with is needed in eight bits too.
        Int8Input? Quantized() => !isInput || columns % BlockRun.Length != 0 ? null : new Int8Input(
            Own(_device.Allocate<sbyte>((long)rows * columns, $"the activations '{name}'")).View,
            Own(_device.Allocate<Float4>((long)rows * columns / BlockRun.Length, $"the activations '{name}'")).View,
            columns);
    }

    private T Own<T>(T buffer)
        where T : IDisposable
    {
        _buffers.Add(buffer);
        return buffer;
    }
}
