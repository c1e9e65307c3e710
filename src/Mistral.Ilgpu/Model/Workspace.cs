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
    private readonly PassInts _onHost;
    private readonly TokenChoice[] _choices;
    private readonly int _tokensPerTile;
    private bool _isUploading;

    /// <param name="rows">Most tokens in one pass.</param>
    /// <param name="logitRows">Most rows of logits in one pass.</param>
    public Workspace(Device device, ModelConfig config, ModelOptions options, int rows, int logitRows)
    {
        _device = device;
        Attention = AttentionShape.Of(config, options.CacheType);
        var shape = Attention;
        _tokensPerTile = Math.Max(1, new LaunchPlan(device.Info).QueriesPerTile(options.CacheType) / shape.Group);
        try
        {
            int stateLength = StateLength(options, rows, logitRows);
            _state = Own(device.Allocate<int>(stateLength, "the step state"));
            _choices = new TokenChoice[logitRows];
            _chosen = Own(device.Allocate<int>(logitRows, "the chosen tokens"));
            // Unlocked after the buffers are freed, which waits for copies between them.
            _onHost = Own(new PassInts(device, stateLength, logitRows));
            Parts = Own(device.Allocate<float>(options.Sequences * shape.PartFloats, "the splits of attention")).View;
            var frequencies = Rotary.Frequencies(config.HeadDim, config.RopeTheta);
            // Pairs of zeros do not turn.
            Array.Resize(ref frequencies, shape.PaddedHeadDim / 2);
            var frequencyBuffer = Own(device.Allocate<ulong>(frequencies.Length, "rotary frequencies"));
            frequencyBuffer.View.CopyFromCPU(device.Stream, frequencies);
            Frequencies = frequencyBuffer.View;
            Hidden = Rows("hidden", rows, config.Dim);
            Normed = Rows("normed", rows, config.Dim, isInput: true);
            Qkv = Rows("qkv", rows, shape.QkvColumns);
            Attended = Rows("attended", rows, shape.OutputColumns, isInput: true);
            AttendedHeads = shape.IsPadded ? Rows("attended_heads", rows, shape.AttendedColumns) : Attended;
            GateUp = Rows("gate_up", rows, 2 * config.FeedForwardDim);
            Activated = Rows("activated", rows, config.FeedForwardDim, isInput: true);
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

    /// <summary>The heads as they lie on the device.</summary>
    public AttentionShape Attention { get; }

    /// <summary>The residual stream: rows × dim.</summary>
    public Activation Hidden { get; }

    public Activation Normed { get; }

    public Activation Qkv { get; }

    public Activation Attended { get; }

    /// <summary>What attention makes, its padded heads included; <see cref="Attended"/> itself where heads are not padded.</summary>
    public Activation AttendedHeads { get; }

    public Activation GateUp { get; }

    public Activation Activated { get; }

    /// <summary>Normed rows whose logits are wanted.</summary>
    public Activation Final { get; }

    public Activation Logits { get; }

    /// <summary>Rotary frequencies, paddedHeadDim / 2, see <see cref="Rotary"/>.</summary>
    public ArrayView<ulong> Frequencies { get; }

    /// <summary>Room for the splits of decoded tokens, see <see cref="MergeSplits"/>.</summary>
    public ArrayView<float> Parts { get; }

    public StepState State => new(_state.View);

    /// <summary>What was chosen on the device, an id for each row of logits.</summary>
    public ArrayView<int> Chosen => _chosen.View;

    /// <summary>Device bytes that all this takes.</summary>
    public static long SizeInBytes(DeviceInfo device, ModelConfig config, ModelOptions options, int rows, int logitRows)
    {
        var shape = AttentionShape.Of(config, options.CacheType);
        int[] columns =
        [
            config.Dim, config.Dim, shape.QkvColumns, shape.OutputColumns, shape.IsPadded ? shape.AttendedColumns : 0,
            2 * config.FeedForwardDim, config.FeedForwardDim,
        ];
        long activations = (rows * columns.Sum(column => (long)Padding.Pad(column)))
            + (logitRows * ((long)Padding.Pad(config.Dim) + Padding.Pad(config.VocabularySize)));
        int[] inputs = [config.Dim, shape.OutputColumns, config.FeedForwardDim];
        Func<int, long> inputBytes = TensorInput.IsFor(device) ? TensorInput.BytesPerRow : QuantizedActivations.BytesPerRow;
        long rounded = (rows * inputs.Sum(inputBytes)) + (logitRows * inputBytes(config.Dim));
        long ints = StateLength(options, rows, logitRows) + logitRows;
        return ((activations + (options.Sequences * shape.PartFloats)) * sizeof(float))
            + rounded + (ints * sizeof(int)) + (shape.PaddedHeadDim / 2 * sizeof(ulong));
    }

    /// <summary>Puts a pass's counts, positions and ids on the device.</summary>
    public Pass Upload(Batch batch)
    {
        // A pass before this one, of a prompt whose logits nobody read, may not have been copied yet.
        if (_isUploading)
        {
            Wait();
        }

        var (pass, length) = batch.Pack(_onHost.Up, _tokensPerTile);
        batch.CopyChoices(_choices);
        _state.View.SubView(0, length).CopyFromCPUUnsafeAsync(_device.Stream, ref _onHost.Up[0], length);
        _isUploading = true;
        if (!_onHost.AreLocked)
        {
            Wait();
        }

        return pass;
    }

    /// <summary>Numbers from −1 to 1 instead of activations.</summary>
    internal void FillRandom(Activation activation)
    {
        var values = new float[activation.View.Length];
        var random = new Random(1);
        foreach (ref float value in values.AsSpan())
        {
            value = (2 * random.NextSingle()) - 1;
        }

        activation.View.CopyFromCPU(_device.Stream, values);
    }

    /// <summary>How a token is chosen from each row of logits of the last pass.</summary>
    public ReadOnlySpan<TokenChoice> Choices(int count) => _choices.AsSpan(0, count);

    /// <summary>Waits for the device and brings what it chose for the first rows.</summary>
    public void ReadChosen(int count)
    {
        Chosen.SubView(0, count).CopyToCPUUnsafeAsync(_device.Stream, ref _onHost.Down[0], count);
        Wait();
    }

    /// <summary>What was brought last.</summary>
    public ReadOnlySpan<int> ChosenOnHost(int count) => _onHost.Down[..count];

    /// <summary>Waits for the device and copies one row of logits.</summary>
    public void ReadLogits(int row, Span<float> logits)
    {
        Logits.View.SubView((long)row * Logits.Stride, Logits.Columns).CopyToCPU(_device.Stream, logits);
        _isUploading = false;
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
    }

    private void Wait()
    {
        _device.Synchronize();
        _isUploading = false;
    }

    private static int StateLength(ModelOptions options, int rows, int logitRows) =>
        Batch.StateLength(rows, logitRows, options.Sequences, Cache.RotatingKvCache.FreshTiles(options, rows));

    private Activation Rows(string name, int rows, int columns, bool isInput = false)
    {
        long length = (long)rows * Padding.Pad(columns);
        var view = Own(_device.Allocate<float>(length, $"the activations '{name}'")).View;
        // What quantized weights are multiplied with is needed in eight bits too.
        var tensor = isInput ? TensorInput.For(_device, name, rows, columns, _buffers.Add) : null;
        var quantized = isInput && tensor is null ? QuantizedActivations.Allocate(_device, rows, columns, $"the activations '{name}'", _buffers.Add) : null;
        return new Activation(name, rows, columns, view, quantized, tensor);
    }

    private T Own<T>(T buffer)
        where T : IDisposable
    {
        _buffers.Add(buffer);
        return buffer;
    }
}
