using System.Collections.Immutable;
using System.Diagnostics;
using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>
/// Measures the attention step of one layer (rotary positions, attention, storing to the cache) with random activations.
/// The shape is that of a model. Measures what the sliding window saves, without the rest of the model. Owns its buffers.
/// </summary>
internal sealed class AttentionBench : IDisposable
{
    private readonly ComputeDevice _device;
    private readonly int _chunk;
    private readonly Workspace _workspace;
    private readonly RotatingKvCache _cache;
    private readonly Step _attend;
    private readonly Batch _batch = new();

    /// <param name="config">Only the heads and the rotary base are used.</param>
    /// <param name="options">Only the cache's type, the chunk and the page length are used.</param>
    /// <param name="window">Positions that a query attends to.</param>
    /// <param name="length">Longest text, in tokens.</param>
    public AttentionBench(ComputeDevice device, ModelConfig config, ModelOptions options, int window, int length)
    {
        _device = device;
        _chunk = options.ChunkOn(device.Info);
        config = config with { LayerCount = 1, SlidingWindow = Math.Min(window, length), LayerWindows = [] };
        options = options with
        {
            Context = length, SlidingWindow = null, Chunk = _chunk, Sequences = 1, CacheBytes = null,
        };
        var shape = AttentionShape.Of(config, options.CacheType);
        var qkv = new ActivationPlan("qkv", shape.QkvColumns, RowSet.Tokens);
        var attended = new ActivationPlan("attended", shape.AttendedColumns, RowSet.Tokens);
        var attend = new Attend("attend", qkv, RotatingKvCache.Plan(config, options)[0], attended, shape);
        _workspace = new Workspace(device, new ModelPlan([attend]), config, options, options.RowsFor(_chunk), 1);
        try
        {
            _cache = new RotatingKvCache(device, config, options, options.RowsFor(_chunk));
            var memory = new PlanMemory(
                _workspace.Activations, ImmutableDictionary<MatrixPlan, WeightMatrix>.Empty,
                ImmutableDictionary<VectorPlan, ArrayView<float>>.Empty)
            {
                Caches = _cache.Layers, Frequencies = _workspace.Frequencies, Parts = _workspace.Parts,
            };
            _attend = new StepBinder(KernelSet.Of(device, _workspace.State), memory).Bind(attend);
            _workspace.FillRandom(_workspace.Activations[qkv]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// The ideal gain by a window: pairs of query and key in a causal text without it, divided by those with it.
    /// </summary>
    public static double IdealRatio(long length, long window)
    {
        long Pairs(long seen) => (seen * (seen + 1) / 2) + ((length - seen) * seen);
        return (double)Pairs(length) / Pairs(Math.Min(length, window));
    }

    /// <summary>The time of a prompt's attention, chunk by chunk.</summary>
    public TimeSpan TimePrefill(int length)
    {
        int[] ids = new int[_chunk];
        using var sequence = _cache.Sequences.TryOpen(length, [], 0)!;
        _device.Synchronize();
        long begin = Stopwatch.GetTimestamp();
        while (sequence.Position < length)
        {
            int count = Math.Min(_chunk, length - sequence.Position);
            _batch.Clear();
            _batch.Prefill(sequence, ids.AsMemory(0, count), wantsLogits: false);
            Run(isPrompt: true);
        }

        _device.Synchronize();
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>
    /// The time of a decoded token's attention after <paramref name="depth"/> others; the mean of <paramref name="tokens"/>
    /// tokens.
    /// </summary>
    public TimeSpan TimeDecode(int depth, int tokens)
    {
        using var sequence = _cache.Sequences.TryOpen(depth + tokens, [], 0)!;
        _cache.Sequences.Skip(sequence, depth);
        _device.Synchronize();
        long begin = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
        {
            _batch.Clear();
            _batch.Decode(sequence, 0);
            Run(isPrompt: false);
        }

        _device.Synchronize();
        return Stopwatch.GetElapsedTime(begin) / tokens;
    }

    public void Dispose()
    {
        _cache?.Dispose();
        _workspace.Dispose();
    }

    private void Run(bool isPrompt)
    {
        var part = _batch.Parts.Single();
        _cache.Sequences.Prepare(part.Sequence, part.Ids.Length);
        _attend.Launch(_workspace.Upload(_batch));
        _cache.Sequences.Advance(part.Sequence, part.Ids.Span, isPrompt);
    }
}
