using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;

namespace Mistral.Ilgpu.Model.Options;

/// <summary>Options for loading a model to a device.</summary>
/// <param name="WeightType">Format of the weights on the device; null keeps them as stored.</param>
/// <param name="CacheType">Format of cached keys and values.</param>
/// <param name="Context">Longest text in tokens. Null means no limit if every layer has a window, and otherwise the lesser of
/// <see cref="DefaultContext"/> and the model's own limit.</param>
/// <param name="Chunk">The most tokens of a prompt in one pass. Null means the device's default (see <see cref="ChunkOn"/>), or
/// less if memory is short.</param>
/// <param name="SlidingWindow">Replaces the model's window in every layer; null keeps it.</param>
/// <param name="Activations">The form of activations in products with quantized weights.</param>
/// <param name="Adapters">Applied together. Each can be switched on and off between passes.</param>
/// <param name="Sequences">The most texts that can be open concurrently.</param>
/// <param name="CacheBytes">Memory of the cache of all texts; null for as much as they can fill.</param>
/// <param name="HostCacheBytes">See <see cref="LanguageModelOptions.HostCacheBytes"/>.</param>
/// <param name="PageLength">Positions in a page of the cache, a multiple of 16.</param>
/// <param name="MaxBatchedTokens">See <see cref="LanguageModelOptions.MaxBatchedTokens"/>.</param>
/// <param name="LayerCacheBytes">The most bytes of files in which streamed layers are kept for later processes; 0 for
/// none.</param>
/// <param name="LayerFolder">The folder of these files; null for the user's cache.</param>
/// <param name="StreamedSequences">The most texts that can be open concurrently if memory makes the model stream layers, because
/// each transfer then serves all of them; no fewer than <paramref name="Sequences"/>.</param>
/// <param name="Arrives">Whether a load may end before all matrices are on the device. Those of each layer are then copied before
/// its first steps.</param>
/// <param name="StreamedLayers">The least number of layers of each device that are streamed; null for no more than memory
/// requires.</param>
/// <param name="KeptFrom">From so many bytes of layers on, a CPU uses those of a file in place, because packing them takes
/// seconds.</param>
/// <param name="Split">The shares of the layers that devices take; null to fill their memory equally.</param>
internal sealed record ModelOptions(
    TensorFormat? WeightType = null,
    TensorFormat CacheType = TensorFormat.Float16,
    int? Context = null,
    int? Chunk = null,
    int? SlidingWindow = null,
    ActivationType Activations = ActivationType.Int8,
    IReadOnlyList<LoraOptions>? Adapters = null,
    int Sequences = 1,
    long? CacheBytes = null,
    long HostCacheBytes = 0,
    int PageLength = 16,
    int? MaxBatchedTokens = null,
    long LayerCacheBytes = ModelOptions.DefaultLayerCacheBytes,
    string? LayerFolder = null,
    int StreamedSequences = 1,
    bool Arrives = false,
    int? StreamedLayers = null,
    IReadOnlyList<double>? Split = null,
    long KeptFrom = 1L << 30)
{
    public const int DefaultContext = 8192;

    /// <summary><see cref="StreamedSequences"/> of commands that run many texts.</summary>
    public const int DefaultStreamedSequences = 32;

    public const long DefaultLayerCacheBytes = 64L << 30;

    // Enough rows to amortize a pass over the output matrix, few enough to take little memory in comparison.
    private const int ScoredRows = 32;

    /// <summary>The most tokens of a prompt in one pass on a device with enough memory.</summary>
    public int ChunkOn(DeviceInfo device) => Chunk ?? Family.Of(device).DefaultChunk;

    /// <summary>
    /// The most tokens in a pass: a chunk of one prompt and one token of each other text, or as many as are asked for. A pass
    /// never has more than a chunk of each text.
    /// </summary>
    internal int RowsFor(int chunk) =>
        (int)Math.Max(chunk + Sequences - 1, Math.Min(MaxBatchedTokens ?? 0, (long)chunk * Sequences));

    /// <summary>The most rows of logits computed at once: one for each text, or several of a prompt if requested.</summary>
    internal int LogitRowsFor(int chunk) => Math.Max(Sequences, Math.Min(chunk, ScoredRows));

    /// <summary>The context of a model with these options; null for no limit.</summary>
    /// <param name="config">The configuration after <see cref="Adapt"/>.</param>
    public int? ContextOf(ModelConfig config)
    {
        bool windowed = Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is not null);
        return Context ?? (windowed ? null : Math.Min(config.MaxPositions, DefaultContext));
    }

    /// <summary>Applies these options to a model's configuration.</summary>
    public ModelConfig Adapt(ModelConfig config) =>
        SlidingWindow is null ? config : config with { SlidingWindow = SlidingWindow, LayerWindows = [] };
}
