using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Model;

/// <summary>All activations of a pass and the step state, allocated once and shared by every layer.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly Family _family;
    private readonly List<IDisposable> _buffers = [];
    private readonly DeviceBuffer<int> _state;
    private readonly DeviceBuffer<int> _chosen;
    private readonly PassInts _onHost;
    private readonly TokenChoice[] _choices;
    private readonly int _tokensPerTile;
    private readonly Activation? _logits;
    private readonly QueryScaling? _queryScaling;
    private bool _isUploading;

    private readonly Dictionary<ActivationPlan, Activation> _activations = [];

    /// <param name="plan">The plan that uses the workspace.</param>
    /// <param name="rows">The most tokens in one pass.</param>
    /// <param name="logitRows">The most rows of logits in one pass.</param>
    public Workspace(ComputeDevice device, ModelPlan plan, ModelConfig config, ModelOptions options, int rows, int logitRows)
    {
        _device = device;
        _family = Family.Of(device);
        _queryScaling = config.QueryScaling;
        var shape = AttentionShape.Of(config, options.CacheType);
        _tokensPerTile = Math.Max(1, _family.QueriesPerTile(options.CacheType) / shape.Group);
        try
        {
            int stateLength = StateLength(options, rows, logitRows);
            _state = Own(device.Allocate<int>(stateLength, "the step state"));
            _choices = new TokenChoice[logitRows];
            _chosen = Own(device.Allocate<int>(logitRows, "the chosen tokens"));
            // Unlocked after the device buffers are freed, because freeing them waits for copies.
            _onHost = Own(new PassInts(device, stateLength, logitRows));
            Parts = Own(device.Allocate<float>(options.Sequences * shape.PartFloats, "the splits of attention")).View;
            var frequencies = Rotary.Frequencies(config.HeadDim, config.RopeTheta, config.RopeMultiplier);
            // Padding pairs have the frequency zero and are not rotated.
            Array.Resize(ref frequencies, shape.PaddedHeadDim / 2);
            var frequencyBuffer = Own(device.Allocate<ulong>(frequencies.Length, "rotary frequencies"));
            frequencyBuffer.View.CopyFromCPU(device.Stream, frequencies);
            Frequencies = frequencyBuffer.View;
            foreach (var activation in plan.Activations)
            {
                _activations.Add(
                    activation,
                    Allocate(
                        activation, activation.Rows == RowSet.Logits ? logitRows : rows, plan.Multiplied.Contains(activation)));
            }

            _logits = plan.Choice is { } choice ? _activations[choice.Logits] : null;
            device.Synchronize();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IReadOnlyDictionary<ActivationPlan, Activation> Activations => _activations;

    /// <summary>The rotary frequencies, paddedHeadDim / 2 of them (see <see cref="Rotary"/>).</summary>
    public ArrayView<ulong> Frequencies { get; }

    /// <summary>Memory for the splits of decoded tokens (see <see cref="MergeSplits"/>).</summary>
    public ArrayView<float> Parts { get; }

    public StepState State => new(_state.View);

    /// <summary>The ids chosen on the device, one for each row of logits.</summary>
    public ArrayView<int> Chosen => _chosen.View;

    /// <summary>The device memory of a workspace in bytes.</summary>
    public static long SizeInBytes(
        DeviceInfo device, ModelPlan plan, ModelConfig config, ModelOptions options, int rows, int logitRows)
    {
        var shape = AttentionShape.Of(config, options.CacheType);
        var family = Family.Of(device);
        long activations = plan.Activations.Sum(activation => (activation.Rows == RowSet.Logits ? logitRows : rows)
            * (((long)Padding.Pad(activation.Columns) * sizeof(float))
                + (plan.Multiplied.Contains(activation) ? family.InputBytes(activation.Columns) : 0)));
        long ints = StateLength(options, rows, logitRows) + logitRows;
        return activations + (options.Sequences * shape.PartFloats * sizeof(float)) + (ints * sizeof(int))
            + (shape.PaddedHeadDim / 2 * sizeof(ulong));
    }

    /// <summary>Copies the counts, positions and ids of a pass to the device.</summary>
    public Pass Upload(Batch batch)
    {
        // The copy for the previous pass may still be running, if that pass was a prompt whose logits were not read.
        if (_isUploading)
        {
            Wait();
        }

        var (pass, length) = batch.Pack(_onHost.Up, _tokensPerTile, _queryScaling);
        batch.CopyChoices(_choices);
        _state.View.SubView(0, length).CopyFromCPUUnsafeAsync(_device.Stream, ref _onHost.Up[0], length);
        _isUploading = true;
        if (!_onHost.AreLocked)
        {
            Wait();
        }

        return pass;
    }

    /// <summary>Requests the logits of other tokens of the pass that was uploaded last.</summary>
    /// <param name="first">The first of these tokens, in the order of the pass.</param>
    /// <returns>A pass that computes them from the hidden states of the tokens.</returns>
    public Pass UploadScored(Pass last, int first, int count)
    {
        Wait();
        // The row indices overwrite choices and tiles, which such a pass does not read.
        int rowsAt = StepState.Header + (last.TokenCount * StepState.TokenInts);
        var state = _onHost.Up;
        state[StepState.LogitCountAt] = count;
        state[StepState.LogitRowsAt] = rowsAt;
        for (int i = 0; i < count; i++)
        {
            state[rowsAt + i] = first + i;
        }

        _state.View.SubView(0, rowsAt + count).CopyFromCPUUnsafeAsync(_device.Stream, ref state[0], rowsAt + count);
        Wait();
        return new Pass(last.DecodeCount, last.PrefillCount, count) { IsScoring = true, Adapters = last.Adapters };
    }

    /// <summary>Waits for the device and copies rows of an activation, without their padding.</summary>
    public void Read(ActivationPlan plan, int first, int count, Span<float> rows)
    {
        var activation = _activations[plan];
        for (int i = 0; i < count; i++)
        {
            activation.View.SubView((long)(first + i) * activation.Stride, activation.Columns)
                .CopyToCPU(_device.Stream, rows.Slice(i * activation.Columns, activation.Columns));
        }

        _isUploading = false;
    }

    /// <summary>Fills an activation with random numbers from −1 to 1.</summary>
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

    /// <summary>Waits for the device and copies the ids that it chose for the first rows.</summary>
    public void ReadChosen(int count)
    {
        Chosen.SubView(0, count).CopyToCPUUnsafeAsync(_device.Stream, ref _onHost.Down[0], count);
        Wait();
    }

    /// <summary>The ids that were copied last.</summary>
    public ReadOnlySpan<int> ChosenOnHost(int count) => _onHost.Down[..count];

    /// <summary>Waits for the device and copies one row of logits.</summary>
    public void ReadLogits(int row, Span<float> logits)
    {
        _logits!.View.SubView((long)row * _logits.Stride, _logits.Columns).CopyToCPU(_device.Stream, logits);
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

    private Activation Allocate(ActivationPlan plan, int rows, bool isMultiplied)
    {
        var view = Own(_device.Allocate<float>((long)rows * Padding.Pad(plan.Columns), $"the activations '{plan.Name}'")).View;
        return isMultiplied
            ? _family.Input(_device, plan.Name, rows, plan.Columns, view, _buffers.Add)
            : new Activation(plan.Name, rows, plan.Columns, view);
    }

    private T Own<T>(T buffer)
        where T : IDisposable
    {
        _buffers.Add(buffer);
        return buffer;
    }
}
