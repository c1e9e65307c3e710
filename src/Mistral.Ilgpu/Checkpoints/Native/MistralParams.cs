using System.Collections.Immutable;
using System.Text.Json;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>Reads params.json, the configuration of Mistral's own releases.</summary>
internal static class MistralParams
{
    // The defaults of mistral-inference: the first model had a window and the smaller base.
    private const double ThetaWithWindow = 10_000;
    private const double ThetaWithoutWindow = 1_000_000;

    private const int DefaultMaxPositions = 32768;
    private const int EosId = 2;

    private static readonly HashSet<string> Known =
    [
        "dim", "n_layers", "head_dim", "hidden_dim", "n_heads", "n_kv_heads",
        "norm_eps", "vocab_size", "rope_theta", "sliding_window",
        "_sliding_window", "tied_embeddings", "max_seq_len", "max_position_embeddings", "quantization", Yarn,
        QueryScales,
    ];

    private const string Yarn = "yarn";
    private const string QueryScales = "llama_4_scaling";
    private const string Original = "original_max_position_embeddings";

    /// <summary>Fields that do not change the results here, because images are not supported.</summary>
    private static readonly HashSet<string> Harmless =
    [
        "max_batch_size", "model_parallel", "use_cache", "causal", "model_type", "multiple_of", "ffn_dim_multiplier",
        "use_biases", "vision_encoder",
    ];

    public static ModelConfig Read(ReadOnlyMemory<byte> json, string file)
    {
        var fields = JsonFields.Parse(json, file);
        foreach (var (name, value) in fields.All)
        {
            if (fields.Find(name) is not null && !Known.Contains(name) && !Harmless.Contains(name))
            {
                throw fields.Error(name, value, name switch
                {
                    "moe" or "n_experts" or "num_experts" => "a dense model; mixtures of experts are not supported",
                    _ => "only fields of a dense Mistral; this one is unknown",
                });
            }
        }

        if (fields.Flag("use_biases"))
        {
            throw fields.Error("use_biases", "true", "false: a Mistral has no biases");
        }

        if (fields.Object("quantization") is { } quantization
            && quantization.Text("qformat_weight") is var format && format != "fp8_e4m3")
        {
            throw quantization.Error("qformat_weight", format ?? "nothing", "fp8_e4m3");
        }

        int heads = fields.RequiredCount("n_heads");
        int dim = fields.RequiredCount("dim");
        var (window, windows) = Windows(fields);
        int layers = fields.RequiredCount("n_layers");
        if (!windows.IsEmpty && layers % windows.Length != 0)
        {
            throw fields.Error(
                "sliding_window", $"{windows.Length} windows", $"a number of them that divides n_layers = {layers}");
        }

        bool hasWindow = window is not null || !windows.IsEmpty;
        double theta = fields.PositiveNumber("rope_theta") ?? (hasWindow ? ThetaWithWindow : ThetaWithoutWindow);
        int headDim = fields.Count("head_dim")
            ?? (dim % heads == 0 ? dim / heads : throw fields.Error("dim", $"{dim}", $"a multiple of n_heads = {heads}"));
        return new ModelConfig
        {
            VocabularySize = fields.RequiredCount("vocab_size"),
            Dim = dim,
            LayerCount = layers,
            HeadCount = heads,
            KvHeadCount = fields.Count("n_kv_heads") ?? heads,
            HeadDim = headDim,
            FeedForwardDim = fields.RequiredCount("hidden_dim"),
            NormEpsilon =
                (float)(fields.PositiveNumber("norm_eps") ?? throw fields.Error("norm_eps", "nothing", "a positive number")),
            RopeTheta = theta,
            RopeScaling = Positions(fields, headDim, theta),
            QueryScaling = Queries(fields),
            MaxPositions = fields.Count("max_position_embeddings") ?? fields.Count("max_seq_len") ?? DefaultMaxPositions,
            TiedEmbeddings = fields.Flag("tied_embeddings"),
            EosIds = [EosId],
            SlidingWindow = window,
            LayerWindows = windows,
        }.Validated(file);
    }

    private static YarnScaling? Positions(JsonFields fields, int headDim, double theta)
    {
        if (fields.Object(Yarn) is not { } yarn)
        {
            return null;
        }

        RequireOnly(yarn, "factor", Original, "beta", "alpha", "apply_scale");
        float factor = yarn.RequiredFloat("factor");
        // Without apply_scale, queries and keys keep their magnitude.
        bool isApplied = yarn.Find("apply_scale") is null || yarn.Flag("apply_scale");
        var scaling = new YarnScaling(
            factor, yarn.RequiredCount(Original), yarn.RequiredFloat("beta"), yarn.RequiredFloat("alpha"),
            isApplied ? YarnScaling.AttentionOf(factor) : 1);
        return scaling.Fault(headDim, theta) is not { } fault ? scaling : throw yarn.Error(
            fault.Name switch
            {
                "beta_fast" => "beta",
                "beta_slow" => "alpha",
                var name => name,
            },
            fault.FoundText,
            fault.Expected);
    }

    private static QueryScaling? Queries(JsonFields fields)
    {
        if (fields.Object(QueryScales) is not { } scales)
        {
            return null;
        }

        RequireOnly(scales, Original, "beta");
        return new QueryScaling(scales.RequiredFloat("beta"), scales.RequiredCount(Original));
    }

    private static void RequireOnly(JsonFields fields, params string[] names)
    {
        foreach (var (name, value) in fields.All)
        {
            if (!names.Contains(name))
            {
                throw fields.Error(name, value, $"only {string.Join(", ", names)}");
            }
        }
    }

    private static (int? All, ImmutableArray<int?> ByLayer) Windows(JsonFields fields)
    {
        if (fields.Find("sliding_window") is not null && fields.Find("_sliding_window") is { } second)
        {
            throw fields.Error("_sliding_window", second, "nothing beside sliding_window");
        }

        string name = fields.Find("sliding_window") is null ? "_sliding_window" : "sliding_window";
        if (fields.Find(name) is not { ValueKind: JsonValueKind.Array } list)
        {
            return (fields.Count(name), []);
        }

        int?[] windows =
        [
            .. list.EnumerateArray().Select(window => window.ValueKind switch
            {
                JsonValueKind.Null => (int?)null,
                JsonValueKind.Number when window.TryGetInt32(out int count) && count >= 1 => count,
                _ => throw fields.Error(name, window, "whole numbers from 1, or null"),
            }),
        ];
        return windows.Length > 0 ? (null, [.. windows]) : throw fields.Error(name, list, "at least one window");
    }
}
