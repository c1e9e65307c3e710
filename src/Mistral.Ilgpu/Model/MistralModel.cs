using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// A model on a device with the cache of its texts. <see cref="Forward(Batch, CancellationToken)"/> takes the next tokens of many
/// of them in one pass; the logits that were wanted are then on the device. What a text's logits are depends on the text alone,
/// bit for bit, and not on what else is in its passes.
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
        ComputeDevice device, ModelConfig config, ModelOptions options, ModelPlan plan, int chunk, ModelWeights weights)
    {
        Device = device;
        Config = config;
        Context = options.ContextOf(config);
        (Options, Chunk) = (options, chunk);
        var family = Family.Of(device);
        _drawsTokens = family.DrawsTokens;
        (_weights, _plan) = (weights, plan);
        _workspace = new Workspace(device, plan, config, options, options.RowsFor(Chunk), options.LogitRowsFor(Chunk));
        try
        {
            _cache = new RotatingKvCache(device, config, options, options.RowsFor(Chunk));
            var kernels = KernelSet.Of(device, _workspace.State, options.Activations, _launches);
            var binder = new StepBinder(kernels, new PlanMemory(_workspace.Activations, weights.Matrices, weights.Vectors)
            {
                Caches = _cache.Layers, Frequencies = _workspace.Frequencies, Parts = _workspace.Parts,
                Chosen = _workspace.Chosen,
            });
            Graph = binder.Bind(plan);
            _choose = binder.Bind(plan.Choice!);
            Direct = new DirectPasses(device, Graph, family.OperationsAhead);
            Runner = family.Runner(new BoundPlan(
                device, Graph, Direct, _choose, _cache.Layers.Max(layer => layer.Window), _launches, () => AdaptersOn));
            device.LoadBound();
        }
        catch
        {
            Runner?.Dispose();
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

    /// <summary>Longest text in tokens; null for no limit.</summary>
    public int? Context { get; }

    int IBatchModel.VocabularySize => Config.VocabularySize;

    int IBatchModel.Dim => Config.Dim;

    IReadOnlyCollection<int> IBatchModel.EosIds => Config.EosIds;

    SequenceTable IBatchModel.Sequences => _cache.Sequences;

    IReadOnlyList<string> IBatchModel.AdapterNames => [.. Adapters.Select(adapter => adapter.Name)];

    /// <summary>Most tokens of a prompt in one pass. Prompts are cut at multiples of it, wherever a pass has room.</summary>
    public int Chunk { get; }

    /// <summary>Tokens in a pass at most.</summary>
    public int MaxTokens => Options.RowsFor(Chunk);

    /// <summary>The adapters in the order of the options; switched between texts, for what the cache holds was made with
    /// them.</summary>
    public IReadOnlyList<LoraSwitch> Adapters => _weights.Adapters.Switches;

    public RotatingKvCache Cache => _cache;

    /// <summary>Is told, once, if keys or values were too large for a cache in f16, which changes what texts become: bf16 holds
    /// them.</summary>
    public Action<string>? OnCacheOverflow { get; set; }

    /// <summary>Launches steps one by one.</summary>
    internal DirectPasses Direct { get; }

    /// <summary>How passes are launched.</summary>
    internal IPassRunner Runner { get; private set; }

    /// <summary>Kernels that were compiled when it was loaded; later loads find them kept.</summary>
    public int CompiledKernels { get; private set; }

    /// <summary>Of loading, what went into compiling and testing kernels.</summary>
    public TimeSpan KernelTime { get; private set; }

    /// <summary>The pass that was run last.</summary>
    public Pass LastPass { get; private set; } = new(0, 0, 0);

    /// <summary>Begins a text, if the cache has room for it now; disposing of it gives the room back.</summary>
    /// <param name="maxTokens">Tokens that the text may come to have; null for as many as the context holds.</param>
    /// <param name="prompt">What it begins with: whole pages of it that the cache knows from other texts are not to be computed
    /// again, and <see cref="Sequence.Position"/> is then behind them.</param>
    /// <returns>Null where there is no room now.</returns>
    /// <exception cref="CacheFullException">The text would not fit an empty cache.</exception>
    /// <exception cref="ContextFullException">It would be longer than the context.</exception>
    public Sequence? TryOpen(int? maxTokens = null, ReadOnlySpan<int> prompt = default)
    {
        if (maxTokens > Context)
        {
            throw new ContextFullException(Context.Value, maxTokens.Value);
        }

        return _cache.Sequences.TryOpen(maxTokens ?? Context ?? int.MaxValue, prompt, AdaptersOn);
    }

    /// <summary>How many of a prompt's remaining tokens its next chunk has: chunks end at fixed positions of the text, wherever
    /// it was begun.</summary>
    public int ChunkLength(int position, int remaining) => Math.Min(remaining, Chunk - (position % Chunk));

    /// <summary>Compiles and tries now what else is compiled beside the first texts and tried on them, for those who
    /// measure.</summary>
    public void Prepare()
    {
        using var entered = Enter();
        Runner.Prepare(CancellationToken.None);
        var batch = new Batch();
        while (!Runner.IsSettled)
        {
            using var sequence = TryOpen(maxTokens: 1)
                ?? throw new InvalidOperationException("texts are open: prepare before the first");
            batch.Clear();
            batch.Decode(sequence, 0);
            Forward(batch);
        }
    }

    /// <summary>Frees its memory once no thread uses the device.</summary>
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
        _launches.Dispose();
        _cache.Dispose();
        _workspace.Dispose();
        _weights.Dispose();
    }

    // Two models on one device take turns.
    private Lock.Scope Enter()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Device.Enter();
    }

    /// <summary>A bit for each adapter that is on in the next pass.</summary>
    public ulong AdaptersOn
    {
        get
        {
            ulong on = 0;
            for (int i = 0; i < Adapters.Count; i++)
            {
                on |= Adapters[i].IsOn ? 1UL << i : 0;
            }

            return on;
        }

        set
        {
            for (int i = 0; i < Adapters.Count; i++)
            {
                Adapters[i].IsOn = (value >> i & 1) != 0;
            }
        }
    }
}
