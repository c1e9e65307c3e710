namespace Mistral.Ilgpu.Checkpoints.Gguf;

/// <summary>Reads the configuration of a model of the architecture llama or mistral3 from GGUF metadata.</summary>
internal static class GgufConfig
{
    private const double DefaultTheta = 10000;

    private static readonly string[] EosKeys = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];

    private static readonly string[] Architectures = ["llama", "mistral3"];

    /// <param name="tied">Whether the file has no output matrix, so that the embedding is used for it.</param>
    public static ModelConfig Read(GgufMetadata metadata, bool tied)
    {
        string architecture = metadata.Text("general.architecture")
            ?? throw metadata.Error("general.architecture", "nothing", Names());
        if (!Architectures.Contains(architecture))
        {
            throw metadata.Error("general.architecture", architecture, Names());
        }

        string Key(string name) => $"{architecture}.{name}";
        Refuse(metadata, Key);
        int heads = metadata.RequiredCount(Key("attention.head_count"));
        int kvHeads = metadata.Count(Key("attention.head_count_kv")) ?? heads;
        int dim = metadata.RequiredCount(Key("embedding_length"));
        if (heads % kvHeads != 0)
        {
            throw metadata.Error(Key("attention.head_count_kv"), (double)kvHeads, $"a divisor of {heads} query heads");
        }

        int headDim = metadata.Count(Key("attention.key_length"))
            ?? (dim % heads == 0
                ? dim / heads
                : throw metadata.Error(Key("embedding_length"), (double)dim, $"a multiple of {heads} heads"));
        RequireEqual(metadata, Key("attention.value_length"), headDim);
        RequireEqual(metadata, Key("rope.dimension_count"), headDim);
        double theta = Positive(metadata, Key("rope.freq_base")) ?? DefaultTheta;
        var config = new ModelConfig
        {
            VocabularySize = metadata.Count(Key("vocab_size")) ?? metadata.Texts("tokenizer.ggml.tokens")?.Count
                ?? throw metadata.Error(Key("vocab_size"), "nothing", "a whole number from 1"),
            Dim = dim,
            LayerCount = metadata.RequiredCount(Key("block_count")),
            HeadCount = heads,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            FeedForwardDim = metadata.RequiredCount(Key("feed_forward_length")),
            NormEpsilon = (float)(Positive(metadata, Key("attention.layer_norm_rms_epsilon"))
                ?? throw metadata.Error(Key("attention.layer_norm_rms_epsilon"), "nothing", "a positive number")),
            RopeTheta = theta,
            RopeScaling = GgufRope.Scaling(metadata, Key, headDim, theta),
            QueryScaling = GgufRope.Queries(metadata, Key),
            MaxPositions = metadata.RequiredCount(Key("context_length")),
            TiedEmbeddings = tied,
            EosIds = [.. EosIds(metadata)],
        };
        return WithWindow(metadata, WindowKey(architecture), config).Validated(metadata.File);
    }

    /// <summary>The key of the window: a number for all layers, or a list with one for each; 0 means no window.</summary>
    public static string WindowKey(string architecture) => $"{architecture}.attention.sliding_window";

    private static ModelConfig WithWindow(GgufMetadata metadata, string key, ModelConfig config)
    {
        if (metadata.Values.GetValueOrDefault(key) is not GgufNumbers list)
        {
            return config with
            {
                SlidingWindow = metadata.Count(key, 0) is > 0 and var window ? window : KnownWindow(metadata, config)
            };
        }

        var windows = Enumerable.Range(0, list.Count)
            .Select(i => list[i] is >= 0 and <= int.MaxValue ? (int?)list[i] : null).ToList();
        return windows.Count > 0 && config.LayerCount % windows.Count == 0 && windows.TrueForAll(window => window is not null)
            ? config with { LayerWindows = [.. windows.Select(window => window > 0 ? window : null)] }
            : throw metadata.Error(key, list, $"whole numbers from 0, one for each of {config.LayerCount} layers");
    }

    // Converters left out the window of the first Mistral 7B, and llama.cpp ignores it.
    private static int? KnownWindow(GgufMetadata metadata, ModelConfig config)
    {
        bool isShape = config is { Dim: 4096, LayerCount: 32, HeadCount: 32, KvHeadCount: 8, HeadDim: 128, FeedForwardDim: 14336 }
            && config is { VocabularySize: 32000, RopeTheta: 10000 };
        string name = string.Join(
            ' ', metadata.Text("general.name"), metadata.Text("general.basename"), Path.GetFileName(metadata.File));
        return isShape && name.Contains("mistral", StringComparison.OrdinalIgnoreCase) ? 4096 : null;
    }

    private static void Refuse(GgufMetadata metadata, Func<string, string> key)
    {
        if (metadata.Count(key("expert_count"), 0) is > 0 and var experts)
        {
            throw metadata.Error(
                key("expert_count"), (double)experts, "a model without experts; mixtures of experts are not supported");
        }
    }

    private static void RequireEqual(GgufMetadata metadata, string key, int expected)
    {
        if (metadata.Count(key) is { } found && found != expected)
        {
            throw metadata.Error(key, (double)found, $"the width of a head, {expected}");
        }
    }

    private static double? Positive(GgufMetadata metadata, string key) => metadata.Number(key) switch
    {
        null => null,
        > 0 and var number => number,
        var number => throw metadata.Error(key, number, "a positive number"),
    };

    private static IEnumerable<int> EosIds(GgufMetadata metadata) =>
        EosKeys.Select(key => metadata.Count(key, 0)).OfType<int>().Distinct();

    private static string Names() => string.Join(" or ", Architectures);
}
