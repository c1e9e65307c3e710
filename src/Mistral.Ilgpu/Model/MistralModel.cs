using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Model;

/// <summary>What may be chosen when a model is put on a device.</summary>
/// <param name="WeightType">Format of the weights on the device; null keeps them as stored.</param>
/// <param name="CacheType">Format of cached keys and values.</param>
/// <param name="Context">Longest text in tokens; null for no limit where every layer has a window, and otherwise
/// <see cref="DefaultContext"/> or the model's own limit, whichever is less.</param>
/// <param name="Chunk">Most tokens in one pass of a prefill.</param>
/// <param name="AllLogits">Makes room for the logits of every position of a chunk, for scoring.</param>
/// <param name="SlidingWindow">Replaces the model's window in every layer; null keeps it.</param>
/// <param name="Activations">In what form quantized weights are multiplied with activations.</param>
/// <param name="Adapters">Applied together; each can be switched off and on between passes.</param>
public sealed record ModelOptions(
    TensorFormat? WeightType = null,
    TensorFormat CacheType = TensorFormat.Float16,
    int? Context = null,
    int Chunk = 256,
    bool AllLogits = false,
    int? SlidingWindow = null,
    ActivationType Activations = ActivationType.Int8,
    IReadOnlyList<LoraOptions>? Adapters = null)
{
    public const int DefaultContext = 8192;

    /// <summary>The configuration as these options change it.</summary>
    public ModelConfig Adapt(ModelConfig config) => SlidingWindow is null ? config : config with { SlidingWindow = SlidingWindow, LayerWindows = [] };
}

/// <summary>
/// A model on a device with the cache of one text. <see cref="Forward"/> takes the text's next tokens, any number of them;
/// the logits of the last are then on the device.
/// </summary>
public sealed class MistralModel : IDisposable
{
    private readonly ModelWeights _weights;
    private readonly Workspace _workspace;
    private readonly RotatingKvCache _cache;
    private readonly Step _argMax;

    private MistralModel(Device device, ModelConfig config, ModelOptions options, ModelWeights weights)
    {
        Device = device;
        Config = config;
        Options = options;
        Context = ContextOf(config, options);
        _weights = weights;
        _workspace = new Workspace(device, config, options.Chunk, options.AllLogits ? options.Chunk : 1);
        try
        {
            _cache = new RotatingKvCache(device, config, options.CacheType, Context, options.Chunk);
            var kernels = new KernelSet(device, _workspace.State, options.Activations);
            Graph = MistralGraph.Build(config, new GraphInputs(kernels, _workspace, weights, _cache));
            _argMax = kernels.ArgMax("argmax", _workspace.Logits, _workspace.Chosen);
        }
        catch
        {
            _cache?.Dispose();
            _workspace.Dispose();
            throw;
        }
    }

    public Device Device { get; }

    public ModelConfig Config { get; }

    public ModelOptions Options { get; }

    public LayerGraph Graph { get; }

    /// <summary>Longest text in tokens; null for no limit.</summary>
    public int? Context { get; }

    /// <summary>The adapters in the order of the options; switched between texts, for what the cache holds was made with them.</summary>
    public IReadOnlyList<LoraSwitch> Adapters => _weights.Adapters.Switches;

    /// <summary>Tokens of the text so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes of the rings of all layers.</summary>
    public long CacheBytes => _cache.Bytes;

    /// <summary>Puts the checkpoint's weights on the device and builds the graph.</summary>
    /// <exception cref="ModelFileException">The checkpoint's weights are not usable.</exception>
    /// <exception cref="DeviceException">The model does not fit the device, or the device computes wrongly.</exception>
    public static MistralModel Load(
        Checkpoint checkpoint,
        Device device,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new ModelOptions();
        var formats = checkpoint.Tensors.Values.Where(tensor => tensor.Rows > 1).Select(tensor => tensor.FormatAs(options.WeightType));
        SelfTest.Run(device, formats, options.CacheType, options.Activations);
        return LoadUntested(checkpoint, device, options, progress, cancellation);
    }

    internal static MistralModel LoadUntested(
        Checkpoint checkpoint, Device device, ModelOptions options, IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        var weights = ModelWeights.Load(device, checkpoint, options, progress, cancellation);
        try
        {
            return new MistralModel(device, options.Adapt(checkpoint.Config), options, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The context that a model gets with these options.</summary>
    public static int? ContextOf(ModelConfig config, ModelOptions options)
    {
        bool windowed = Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is not null);
        return options.Context ?? (windowed ? null : Math.Min(config.MaxPositions, ModelOptions.DefaultContext));
    }

    /// <summary>Forgets the text; the next token is its first.</summary>
    public void Reset() => Position = 0;

    /// <summary>Takes the text's next tokens in chunks; afterwards the logits of the last one are on the device.</summary>
    /// <exception cref="ContextFullException">The text would grow past the context.</exception>
    public void Forward(ReadOnlySpan<int> ids, CancellationToken cancellation = default)
    {
        Admit(ids);
        while (!ids.IsEmpty)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = ChunkLength(ids.Length);
            Run(ids[..count], logitCount: count == ids.Length ? 1 : 0);
            ids = ids[count..];
        }
    }

    /// <summary>Takes the text's next tokens and hands out the logits of each, in order.</summary>
    /// <param name="onLogits">Receives the token's index in <paramref name="ids"/> and its logits, which it must not keep.</param>
    public void Score(ReadOnlySpan<int> ids, Action<int, float[]> onLogits, CancellationToken cancellation = default)
    {
        if (!Options.AllLogits)
        {
            throw new InvalidOperationException("scoring needs a model loaded with AllLogits");
        }

        Admit(ids);
        var logits = new float[Config.VocabularySize];
        for (int done = 0; done < ids.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = ChunkLength(ids.Length - done);
            Run(ids.Slice(done, count), logitCount: count);
            for (int row = 0; row < count; row++)
            {
                _workspace.ReadLogits(row, logits);
                onLogits(done + row, logits);
            }

            done += count;
        }
    }

    /// <summary>The most likely next token, chosen on the device; waits for it.</summary>
    public int ArgMax()
    {
        _argMax.Launch(new Pass(1, Position, 1));
        return _workspace.ReadChosen();
    }

    /// <summary>Copies the logits of the last token to the host; waits for them.</summary>
    public void ReadLogits(Span<float> logits) => _workspace.ReadLogits(0, logits);

    public void Dispose()
    {
        _cache.Dispose();
        _workspace.Dispose();
        _weights.Dispose();
    }

    // Chunks end at fixed positions of the text, wherever the caller's tokens happen to begin.
    private int ChunkLength(int remaining) => Math.Min(remaining, Options.Chunk - (Position % Options.Chunk));

    private void Run(ReadOnlySpan<int> ids, int logitCount)
    {
        var pass = new Pass(ids.Length, Position, logitCount);
        _workspace.Upload(pass, ids);
        Graph.Launch(pass);
        Position += ids.Length;
    }

    private void Admit(ReadOnlySpan<int> ids)
    {
        if (Position + (long)ids.Length > (Context ?? int.MaxValue))
        {
            throw new ContextFullException(Context ?? int.MaxValue, Position + (long)ids.Length);
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Config.VocabularySize)
            {
                throw new ArgumentOutOfRangeException(nameof(ids), $"token id {id} is outside the vocabulary of {Config.VocabularySize}");
            }
        }
    }
}

/// <summary>A text has no room left in the context.</summary>
public sealed class ContextFullException(long context, long needed) : Exception(
    $"the text needs {needed:N0} tokens of context and the model has {context:N0}; give more with --context");
