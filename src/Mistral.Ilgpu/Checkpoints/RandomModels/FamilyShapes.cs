using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.RandomModels;

/// <summary>
/// The shapes of Mistral's dense models, from their config.json and params.json files, and two small ones for measuring.
/// </summary>
internal static class FamilyShapes
{
    private static readonly ModelConfig SevenB = new()
    {
        VocabularySize = 32000,
        Dim = 4096,
        LayerCount = 32,
        HeadCount = 32,
        KvHeadCount = 8,
        HeadDim = 128,
        FeedForwardDim = 14336,
        NormEpsilon = 1e-5f,
        RopeTheta = 1e4,
        MaxPositions = 32768,
        EosIds = [2],
        SlidingWindow = 4096,
    };

    private static readonly ModelConfig Windowless = SevenB with { SlidingWindow = null, RopeTheta = 1e6 };

    /// <summary>The configurations by the name that follows <c>random:</c>.</summary>
    public static IReadOnlyDictionary<string, ModelConfig> ByName { get; } = new Dictionary<string, ModelConfig>
    {
        ["mistral-7b"] = SevenB,
        ["mistral-7b-v0.1"] = SevenB,
        ["mistral-7b-v0.2"] = Windowless,
        ["mistral-7b-v0.3"] = Windowless with { VocabularySize = 32768 },
        ["mathstral-7b"] = Windowless with { VocabularySize = 32768 },
        ["nemo-12b"] = Windowless with { VocabularySize = 131072, Dim = 5120, LayerCount = 40, MaxPositions = 131072 },
        ["ministral-8b"] = Windowless with
        {
            VocabularySize = 131072, LayerCount = 36, FeedForwardDim = 12288, RopeTheta = 1e8, MaxPositions = 131072,
            LayerWindows = [131072, 32768, 32768, 32768],
        },
        ["ministral-3-3b"] = Ministral3 with { Dim = 3072, LayerCount = 26, FeedForwardDim = 9216, TiedEmbeddings = true },
        ["ministral-3-8b"] = Ministral3 with { LayerCount = 34 },
        ["ministral-3-14b"] = Ministral3 with { Dim = 5120, LayerCount = 40, FeedForwardDim = 16384, RopeTheta = 1e9 },
        ["codestral-22b"] = Codestral,
        ["small-22b"] = Codestral,
        ["small-24b"] = Windowless with
        {
            VocabularySize = 131072, Dim = 5120, LayerCount = 40, FeedForwardDim = 32768, RopeTheta = 1e8
        },
        ["250m"] = SevenB with
        {
            Dim = 1024, LayerCount = 16, HeadCount = 16, KvHeadCount = 4, HeadDim = 64, FeedForwardDim = 3072
        },
        ["1b"] = SevenB with
        {
            Dim = 2048, LayerCount = 20, HeadCount = 32, KvHeadCount = 8, HeadDim = 64, FeedForwardDim = 6144
        },
    };

    private static ModelConfig Ministral3 => Windowless with
    {
        VocabularySize = 131072,
        MaxPositions = 262144,
        RopeScaling = new YarnScaling(16, 16384, YarnScaling.DefaultBetaFast, YarnScaling.DefaultBetaSlow, 1),
        QueryScaling = new QueryScaling(0.1f, 16384),
    };

    private static ModelConfig Codestral => Windowless with
    {
        VocabularySize = 32768, Dim = 6144, LayerCount = 56, HeadCount = 48, FeedForwardDim = 16384,
    };
}
