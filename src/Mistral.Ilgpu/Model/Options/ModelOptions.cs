using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;

namespace Mistral.Ilgpu.Model.Options;

/// <summary>What may be chosen when a model is put on a device.</summary>
/// <param name="WeightType">Format of the weights on the device; null keeps them as stored.</param>
/// <param name="CacheType">Format of cached keys and values.</param>
/// <param name="Context">Longest text in tokens; null for no limit where every layer has a window, and otherwise
/// <see cref="DefaultContext"/> or the model's own limit, whichever is less.</param>
/// <param name="Chunk">Most tokens of a prompt in one pass; null for the device's, see <see cref="ChunkOn"/>, or less where
/// memory is short.</param>
/// <param name="SlidingWindow">Replaces the model's window in every layer; null keeps it.</param>
/// <param name="Activations">In what form quantized weights are multiplied with activations.</param>
/// <param name="Adapters">Applied together; each can be switched off and on between passes.</param>
/// <param name="Sequences">Texts that may be open at once.</param>
/// <param name="CacheBytes">Memory for the cache of all texts; null for as much as they can fill.</param>
/// <param name="PageLength">Positions in a page of the cache, a multiple of 16.</param>
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
    int PageLength = 16)
{
    public const int DefaultContext = 8192;

    // Enough that a pass over the output matrix is worth it, few enough to take little memory beside it.
    private const int ScoredRows = 32;

    /// <summary>Most tokens of a prompt in one pass on a device with memory to spare.</summary>
    public int ChunkOn(DeviceInfo device) => Chunk ?? Family.Of(device).DefaultChunk;

    /// <summary>Tokens in a pass at most: a chunk of one prompt beside a token of each other text.</summary>
    internal int RowsFor(int chunk) => chunk + Sequences - 1;

    /// <summary>Rows of logits that are made at once: one for each text, or some of a prompt's where those are wanted.</summary>
    internal int LogitRowsFor(int chunk) => Math.Max(Sequences, Math.Min(chunk, ScoredRows));

    /// <summary>The context that a model gets with these options; null for no limit.</summary>
    /// <param name="config">As these options change it, see <see cref="Adapt"/>.</param>
    public int? ContextOf(ModelConfig config)
    {
        bool windowed = Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is not null);
        return Context ?? (windowed ? null : Math.Min(config.MaxPositions, DefaultContext));
    }

    /// <summary>The configuration as these options change it.</summary>
    public ModelConfig Adapt(ModelConfig config) =>
        SlidingWindow is null ? config : config with { SlidingWindow = SlidingWindow, LayerWindows = [] };
}
