namespace Mistral.Ilgpu;

/// <summary>What a loaded model is, and where it runs.</summary>
public sealed record ModelInfo
{
    /// <summary>The folder's or the file's name, or the one that the file gives itself.</summary>
    public required string Name { get; init; }

    /// <summary>The device as options name it, such as <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The device in its driver's words.</summary>
    public required string DeviceName { get; init; }

    /// <summary>Weights, embeddings included.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Rows of the embedding; ids are below it.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Of them, those whose weights are not in the device's memory: they are copied to it in every pass, or a CPU uses
    /// them in place.</summary>
    public int StreamedLayers { get; init; }

    /// <summary>Width of the residual stream, and numbers of an embedding.</summary>
    public required int Dim { get; init; }

    /// <summary>Keys that a query of a layer sees, its own included; null where all layers, or some, see all.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Longest text in tokens; null for no limit.</summary>
    public int? Context { get; init; }

    /// <summary>Texts that may run at once.</summary>
    public required int MaxTexts { get; init; }

    /// <summary>Bytes of device memory: weights, adapters, cache, and what passes work on.</summary>
    public required long DeviceBytes { get; init; }

    /// <summary>Bytes of them that the cache of keys and values takes.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>The names of the adapters that texts may have, in the order in which they were loaded.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>From the start of the load until the first pass could run.</summary>
    public TimeSpan LoadTime { get; init; }

    /// <summary>Of it, compiling kernels; zero where all were kept from an earlier run.</summary>
    public TimeSpan CompileTime { get; init; }
}
