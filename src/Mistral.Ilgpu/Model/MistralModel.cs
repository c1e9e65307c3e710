using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// A model on a device, with the cache of its texts. <see cref="Forward(Batch, CancellationToken)"/> computes the next tokens
/// of many texts in one pass and leaves the requested logits on the device. The logits of a text depend only on the text, bit
/// for bit, not on other texts in its passes.
/// </summary>
internal sealed partial class MistralModel : IBatchModel, IDisposable
{
    private readonly ModelWeights _weights;
    private readonly Workspace _workspace;
    private readonly RotatingKvCache _cache;
    private readonly BoundLaunches _launches = new();
    private readonly ModelPlan _plan;
    private readonly Step _choose;
    private readonly bool _drawsTokens;
    private bool _hasChosen;
    private bool _isDisposed;

    private MistralModel(
        ComputeDevice device, ModelConfig config, ModelOptions options, ModelPlan plan, MemoryPlan fitted, ModelWeights weights,
        AdapterReader reader, IReadOnlyList<IReadOnlyList<AdapterTerm>> adapters)
    {
        Device = device;
        Config = config;
        Context = options.ContextOf(config);
        (Options, Chunk, Residency) = (options, fitted.Chunk, fitted.Residency);
        var family = Family.Of(device);
        _drawsTokens = family.DrawsTokens;
        (_weights, _plan, _adapterReader) = (weights, plan, reader);
        Adapters = new AdapterTable([.. (options.Adapters ?? []).Select(adapter => adapter.Path)]);
        AdaptersOn = Adapters.Initial;
        _workspace = new Workspace(device, plan, config, options, options.RowsFor(Chunk), options.LogitRowsFor(Chunk));
        try
        {
            _cache = new RotatingKvCache(device, config, options, options.RowsFor(Chunk));
            var memory = new PlanMemory(_workspace.Activations, weights.Matrices, weights.Vectors)
            {
                Caches = _cache.Layers, Frequencies = _workspace.Frequencies, Parts = _workspace.Parts,
                Chosen = _workspace.Chosen,
            };
            _adapted = new AdaptedGraphs(
                device, plan, memory, kernels => KernelSet.Of(device, _workspace.State, options.Activations, kernels));
            var binder = new StepBinder(KernelSet.Of(device, _workspace.State, options.Activations, _launches), memory);
            Graph = binder.Bind(plan, _adapted.Of);
            _choose = binder.Bind(plan.Choice!);
            Streamed = weights.Transfers is { } transfers ? new StreamedLayers(transfers, Graph, Residency.Streamed) : null;
            Direct = new DirectPasses(device, Graph, family.OperationsAhead, Streamed);
            Runner = family.Runner(
                new BoundPlan(device, Graph, Direct, _choose, _cache.Layers.Max(layer => layer.Window), Streamed));
            for (int index = 0; index < adapters.Count; index++)
            {
                _adapted.Add(new AdapterWeights(device, index, adapters[index], MaxTokens));
            }

            // Compiles the kernels of adapters too.
            _ = Graph.With(AdaptersOn);
            device.LoadBound();
        }
        catch
        {
            Runner?.Dispose();
            _adapted?.Dispose();
            _launches.Dispose();
            _cache?.Dispose();
            _workspace.Dispose();
            throw;
        }
    }

    public ComputeDevice Device { get; }

    public ModelConfig Config { get; }

    public ModelOptions Options { get; }

    public LayerGraph Graph { get; }

    /// <summary>Which layers keep their weights on the device.</summary>
    public Residency Residency { get; }

    /// <summary>The transfers of the others; null if all stay.</summary>
    internal LayerTransfers? Transfers => _weights.Transfers;

    /// <summary>Their gate; null if all stay.</summary>
    internal StreamedLayers? Streamed { get; }

    /// <summary>The longest text in tokens; null for no limit.</summary>
    public int? Context { get; }

    int IBatchModel.VocabularySize => Config.VocabularySize;

    int IBatchModel.Dim => Config.Dim;

    IReadOnlyCollection<int> IBatchModel.EosIds => Config.EosIds;

    SequenceTable IBatchModel.Sequences => _cache.Sequences;

    /// <summary>The most tokens of a prompt in one pass. Prompts are cut at its multiples.</summary>
    public int Chunk { get; }

    /// <summary>The most tokens in a pass.</summary>
    public int MaxTokens => Options.RowsFor(Chunk);

    public int TokenBudget => Math.Min(Options.MaxBatchedTokens ?? int.MaxValue, MaxTokens);

    public RotatingKvCache Cache => _cache;

    /// <summary>
    /// Called once if keys or values overflow a cache in f16, which changes the output. A cache in bf16 can hold them.
    /// </summary>
    public Action<string>? OnCacheOverflow { get; set; }

    /// <summary>Runs passes by launching steps one by one.</summary>
    internal DirectPasses Direct { get; }

    /// <summary>The runner of passes.</summary>
    internal IPassRunner Runner { get; private set; }

    /// <summary>The number of kernels compiled during loading. Later loads find them in a cache.</summary>
    public int CompiledKernels { get; private set; }

    /// <summary>The part of the loading time that compiling and testing kernels took.</summary>
    public TimeSpan KernelTime { get; private set; }

    /// <summary>The last pass that was run.</summary>
    public Pass LastPass { get; private set; } = new(0, 0, 0);

    /// <summary>Opens a text if the cache has room for it now. Disposing the text frees its pages.</summary>
    /// <param name="maxTokens">The most tokens that the text can have; null for the length of the context.</param>
    /// <param name="prompt">The beginning of the text. Whole pages of it that the cache has from other texts are not computed
    /// again. <see cref="Sequence.Position"/> is then after them.</param>
    /// <returns>Null if there is no room now.</returns>
    /// <exception cref="CacheFullException">The text would not fit an empty cache.</exception>
    /// <exception cref="ContextFullException">The text would be longer than the context.</exception>
    public Sequence? TryOpen(int? maxTokens = null, ReadOnlySpan<int> prompt = default)
    {
        if (maxTokens > Context)
        {
            throw new ContextFullException(Context.Value, maxTokens.Value);
        }

        return _cache.Sequences.TryOpen(maxTokens ?? Context ?? int.MaxValue, prompt, Adapters.KeyOf(AdaptersOn));
    }

    /// <summary>
    /// The number of remaining tokens of a prompt in its next chunk. Chunks end at fixed positions of the text, wherever it
    /// started.
    /// </summary>
    public int ChunkLength(int position, int remaining) => Math.Min(remaining, Chunk - (position % Chunk));

    /// <summary>
    /// Completes, before a measurement, the compilations and trials that otherwise run concurrently with the first texts.
    /// </summary>
    public void Prepare()
    {
        using var entered = Enter();
        Runner.Prepare(CancellationToken.None);
        var batch = new Batch();
        while (!Runner.IsSettled)
        {
            using var sequence = TryOpen(maxTokens: 1)
                ?? throw new InvalidOperationException("found open texts, expected none before preparation");
            batch.Clear();
            batch.Decode(sequence, 0);
            Forward(batch);
        }
    }

    /// <summary>Frees the model's memory when no thread uses the device.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        if (Device.IsDisposed)
        {
            return;
        }

        using var entered = Device.Enter();
        Runner.Dispose();
        _adapted.Dispose();
        _launches.Dispose();
        _cache.Dispose();
        _workspace.Dispose();
        _weights.Dispose();
    }

    // Models on the same device run one at a time.
    private Lock.Scope Enter()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Device.Enter();
    }
}
