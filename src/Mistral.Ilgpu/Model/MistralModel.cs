using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// A model on a device, or split over several, with the cache of its texts.
/// <see cref="Forward(Batch, CancellationToken)"/> computes the next tokens of many texts in one pass and leaves the requested
/// logits on the device. The logits of a text depend only on the text, bit for bit, not on other texts in its passes.
/// </summary>
internal sealed partial class MistralModel : IBatchModel, IDisposable
{
    private readonly IReadOnlyList<LoadedPart> _loaded;
    private readonly RotatingKvCache _cache;
    private readonly ModelPart[] _parts;
    private readonly bool _drawsTokens;
    private bool _hasChosen;
    private bool _isDisposed;

    /// <param name="loaded">The weights of each part, owned once the constructor returns.</param>
    private MistralModel(
        DeviceList devices, ModelConfig config, ModelOptions options, int chunk, IReadOnlyList<LoadedPart> loaded)
    {
        (Devices, Config, Options, Chunk, _loaded) = (devices, config, options, chunk, loaded);
        Context = options.ContextOf(config);
        _drawsTokens = Family.Of(loaded[^1].Device).DrawsTokens;
        Adapters = new AdapterTable([.. (options.Adapters ?? []).Select(adapter => adapter.Path)]);
        AdaptersOn = Adapters.Initial;
        var parts = new List<ModelPart>();
        try
        {
            _cache = new RotatingKvCache(
                [.. loaded.Select(part => (part.Device, part.Memory.Plan.Caches))], config, options, MaxTokens);
            foreach (var part in loaded)
            {
                parts.Add(new ModelPart(part, config, options, _cache.Layers, parts.LastOrDefault(), chunk));
                // Compiles the kernels of adapters too.
                parts[^1].Bind(AdaptersOn);
            }

            _parts = [.. parts];
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            _cache?.Dispose();
            throw;
        }
    }

    /// <summary>The devices of the parts.</summary>
    public DeviceList Devices { get; }

    /// <summary>The layers on each device, in order. A pass runs through all of them.</summary>
    public IReadOnlyList<ModelPart> Parts => _parts;

    public ModelConfig Config { get; }

    public ModelOptions Options { get; }

    /// <summary>Whether all weights are on their devices (see <see cref="Arrive"/>).</summary>
    public bool HasArrived
    {
        get
        {
            using var entered = Enter();
            return Array.TrueForAll(_parts, part => part.HasArrived());
        }
    }

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

    /// <summary>The bytes and operations of a pass.</summary>
    public StepCost Cost(Pass pass) =>
        _parts.Aggregate(default(StepCost), (cost, part) => cost + part.Graph.Cost(pass));

    /// <summary>The number of kernels compiled during loading. Later loads find them in a cache.</summary>
    public int CompiledKernels { get; private set; }

    /// <summary>The part of the loading time that compiling and testing kernels took.</summary>
    public TimeSpan KernelTime { get; private set; }

    /// <summary>Why a CPU computes layers that GPUs have no room for, or why it does not; null if there was no choice.</summary>
    public string? SpareReason { get; private set; }

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
        Array.ForEach(_parts, part => part.Runner.Prepare(CancellationToken.None));
        var batch = new Batch();
        while (!Array.TrueForAll(_parts, part => part.Runner.IsSettled))
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
        if (Devices.IsDisposed)
        {
            return;
        }

        using var entered = Devices.Enter();
        Array.ForEach(_parts, part => part.Dispose());
        _cache.Dispose();
        foreach (var part in _loaded)
        {
            part.Dispose();
        }
    }

    // Has the logits.
    private ModelPart Last => _parts[^1];

    // Models on the same devices run one at a time.
    private DeviceList.Scope Enter()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return Devices.Enter();
    }
}
