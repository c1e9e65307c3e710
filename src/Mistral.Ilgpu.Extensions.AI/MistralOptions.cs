using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Which model a program uses and how it is loaded: the section <c>Mistral</c> of its configuration.</summary>
public class MistralOptions
{
    /// <summary>The section of the configuration.</summary>
    public const string Section = "Mistral";

    /// <summary>A file, a folder, <c>OWNER/NAME</c> in Hugging Face's cache, <c>tiny</c> for the built-in model, or
    /// <c>random:NAME[:TYPE]</c>.</summary>
    public string Model { get; set; } = "tiny";

    /// <summary><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>; or several that share the layers, such as
    /// <c>cuda:0,cuda:1</c>.</summary>
    public string Device { get; set; } = "auto";

    /// <summary>Type of the weights on the device, such as <c>bf16</c>, <c>q8_0</c> or <c>q4_k</c>; null keeps them as
    /// stored.</summary>
    public string? WeightType { get; set; }

    /// <summary>Type of cached keys and values: <c>f32</c>, <c>bf16</c>, <c>f16</c> or <c>q8_0</c>; null for f16.</summary>
    public string? CacheType { get; set; }

    /// <summary>Longest text in tokens; null for no limit with a window, and otherwise the model's, at most 8,192.</summary>
    public int? Context { get; set; }

    /// <summary>Replaces the model's window in every layer; null keeps it.</summary>
    public int? SlidingWindow { get; set; }

    /// <summary>Most tokens of a prompt in one pass; null for the device's choice.</summary>
    public int? Chunk { get; set; }

    /// <summary>Tokens in one pass; null for a chunk and a decoded token of each other text.</summary>
    public int? MaxBatchedTokens { get; set; }

    /// <summary>Texts that may run at once; null for the library's default.</summary>
    public int? MaxTexts { get; set; }

    /// <summary>Texts that may wait for a place at once; more are refused. Null for the library's default.</summary>
    public int? MaxWaiting { get; set; }

    /// <summary>Threads of CPU devices; null takes every core.</summary>
    public int? Threads { get; set; }

    /// <summary>Memory of each device that may be taken, in bytes; null takes what there is.</summary>
    public long? MemoryLimit { get; set; }

    /// <summary>Host memory for keys and values that leave the device's cache, in bytes; null for none.</summary>
    public long? HostCacheBytes { get; set; }

    /// <summary>Disk space that streamed layers may take in the user's cache, in bytes; null for the library's default.</summary>
    public long? LayerCacheBytes { get; set; }

    /// <summary>Adapters that are applied to all texts.</summary>
    public IList<LoraOptions> Adapters { get; set; } = [];

    /// <summary>How the hidden states of a text's tokens become one vector.</summary>
    public EmbeddingPooling EmbeddingPooling { get; set; }

    /// <summary>As the library takes them, once they are checked.</summary>
    internal LanguageModelOptions ToLoad(Action<string>? warn)
    {
        var defaults = new LanguageModelOptions();
        return defaults with
        {
            Device = Device,
            WeightType = WeightType is null ? null : FormatNames.Find(WeightType),
            CacheType = (CacheType is null ? null : FormatNames.Find(CacheType)) ?? defaults.CacheType,
            Context = Context,
            SlidingWindow = SlidingWindow,
            Chunk = Chunk,
            MaxBatchedTokens = MaxBatchedTokens,
            MaxTexts = MaxTexts ?? defaults.MaxTexts,
            MaxWaiting = MaxWaiting ?? defaults.MaxWaiting,
            Threads = Threads,
            MemoryLimit = MemoryLimit,
            HostCacheBytes = HostCacheBytes ?? defaults.HostCacheBytes,
            LayerCacheBytes = LayerCacheBytes ?? defaults.LayerCacheBytes,
            Adapters = [.. Adapters],
            OnWarning = warn,
        };
    }
}
