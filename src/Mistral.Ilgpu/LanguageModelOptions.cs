using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu;

/// <summary>How a model is loaded. The defaults take the best device there is and keep the weights as stored.</summary>
public sealed record LanguageModelOptions
{
    /// <summary><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>; or several that share the layers, such as
    /// <c>cuda:0,cuda:1</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Format of the weights on the device; null keeps them as stored.</summary>
    public TensorFormat? WeightType { get; init; }

    /// <summary>Format of cached keys and values: f32, bf16, f16 or q8_0.</summary>
    public TensorFormat CacheType { get; init; } = TensorFormat.Float16;

    /// <summary>Longest text in tokens. If null there is no limit where every layer has a window, and otherwise 8,192 or the
    /// model's own limit, whichever is less.</summary>
    public int? Context { get; init; }

    /// <summary>Replaces the model's window in every layer; null keeps it.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Most tokens of a prompt in one pass; null for the device's choice.</summary>
    public int? Chunk { get; init; }

    /// <summary>Tokens of one pass, from 1: decoded ones first, which always run, then chunks of prompts while they fit. A chunk
    /// is never cut to fit, so a pass has more where its decoded tokens and a single chunk are more. If null, a pass has room for
    /// one chunk and a decoded token of each other text. More lets several prompts share a pass, and takes memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int? MaxBatchedTokens
    {
        get;
        init => field = value is null or > 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxBatchedTokens), value, "expected 1 or more");
    }

    /// <summary>Texts that may run at once, from 1. Each may fill a place in the cache, as far as memory allows.</summary>
    public int MaxTexts { get; init; } = 8;

    /// <summary>Texts that may wait for a place at once, from 1; more are refused.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>Adapters that texts may use, and do use where they name none; at most 64. Their names are their paths.</summary>
    public IReadOnlyList<LoraOptions> Adapters { get; init; } = [];

    /// <summary>Threads of CPU devices; null takes every core.</summary>
    public int? Threads { get; init; }

    /// <summary>Memory of each device that may be taken, in bytes; null takes what there is. Layers that do not fit are streamed: their
    /// weights are copied to the device in every pass.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>As <see cref="MemoryLimit"/>, one for each of several devices; null for the same limit.</summary>
    public IReadOnlyList<long>? MemoryLimits { get; init; }

    /// <summary>The shares of the layers that several devices take, such as 3 and 1; null to fill their memory equally.</summary>
    public IReadOnlyList<double>? Split { get; init; }

    /// <summary>The most bytes of host memory for keys and values that leave the device's cache, taken as they come: beginnings of
    /// texts that others may share, and conversations whose place another text took. They are copied back, with the same bits,
    /// instead of being computed again. 0 drops them.</summary>
    public long HostCacheBytes { get; init; }

    /// <summary>The most bytes of files in the user's cache in which streamed layers are kept for later processes; 0 keeps them
    /// in host memory.</summary>
    public long LayerCacheBytes { get; init; } = ModelOptions.DefaultLayerCacheBytes;

    /// <summary>Is called with a line for people where a device is slower than it could be, or where keys and values overflow the
    /// cache. The call may come from any thread.</summary>
    public Action<string>? OnWarning { get; init; }

    /// <summary>See <see cref="Execution.Devices.DeviceOptions.HeldOn"/>.</summary>
    internal Func<string, long>? HeldOn { get; init; }

    internal ModelOptions Model => new(
        WeightType, CacheType, Context, Chunk, SlidingWindow, Adapters: Adapters, Sequences: MaxTexts,
        MaxBatchedTokens: MaxBatchedTokens, LayerCacheBytes: LayerCacheBytes, HostCacheBytes: HostCacheBytes, Split: Split);

    internal DeviceOptions DeviceOptions => new() { Threads = Threads, MemoryLimit = MemoryLimit, HeldOn = HeldOn };
}
