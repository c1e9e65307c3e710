using System.Collections.Immutable;
using System.Text.Json;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>
/// Reads rotary positions from a config.json: rope_theta, and rope_parameters, which older transformers call rope_scaling.
/// </summary>
internal static class HuggingFaceRope
{
    public const string Parameters = "rope_parameters";
    public const string Beta = "llama_4_scaling_beta";
    public const string Original = "original_max_position_embeddings";
    public const string Default = "default";

    // The default of transformers.
    private const double DefaultTheta = 10000;

    // The fields of each kind of scaling, besides those of all kinds.
    private static readonly Dictionary<string, string[]> Kinds = new()
    {
        [Default] = [],
        ["linear"] = [],
        ["llama3"] = ["low_freq_factor", "high_freq_factor", Original],
        ["yarn"] = ["beta_fast", "beta_slow", "mscale", "mscale_all_dim", "attention_factor", "truncate", Original],
        ["longrope"] = ["short_factor", "long_factor", "attention_factor", Original],
    };

    private static readonly string[] OfAllKinds = ["rope_type", "type", "rope_theta", "factor", "partial_rotary_factor"];

    // Ministral 3 repeats the model's length in rope_parameters.
    private static readonly string[] OfQueries = [Beta, Original, "max_position_embeddings"];

    /// <param name="scalesQueries">Whether this kind of model scales queries.</param>
    public static (double Theta, RopeScaling? Scaling, QueryScaling? Queries) Read(
        JsonFields fields, int headDim, bool scalesQueries)
    {
        double? theta = fields.PositiveNumber("rope_theta");
        var ropes = new[] { fields.Object(Parameters), fields.Object("rope_scaling") }.OfType<JsonFields>().ToList();
        foreach (var rope in ropes)
        {
            double? inner = rope.PositiveNumber("rope_theta");
            if (inner is not null && theta is not null && inner != theta)
            {
                throw rope.Error("rope_theta", rope.Find("rope_theta")!.Value, $"{theta} as before");
            }

            theta ??= inner;
        }

        if (scalesQueries && ropes.Count == 0)
        {
            throw fields.Error(Parameters, "nothing", $"an object with rope_type and {Beta}");
        }

        var found = ropes.ConvertAll(rope => Scaling(rope, headDim, theta ?? DefaultTheta, scalesQueries));
        if (found.Count == 2 && found[0] != found[1])
        {
            throw fields.Error("rope_scaling", fields.Find("rope_scaling")!.Value, $"the same as {Parameters}");
        }

        var (scaling, queries) = found.FirstOrDefault();
        return (theta ?? DefaultTheta, scaling, queries);
    }

    /// <summary>Refuses a factor other than 1.</summary>
    public static void RequireNeutral(JsonFields fields, string factor)
    {
        if (fields.Find(factor) is { } value && fields.PositiveNumber(factor) != 1)
        {
            throw fields.Error(factor, value, "null or 1");
        }
    }

    private static (RopeScaling? Scaling, QueryScaling? Queries) Scaling(
        JsonFields rope, int headDim, double theta, bool scalesQueries)
    {
        string kind = Kind(rope);
        foreach (var (name, value) in rope.All)
        {
            if (!OfAllKinds.Contains(name) && !Kinds[kind].Contains(name) && !(scalesQueries && OfQueries.Contains(name)))
            {
                throw rope.Error(name, value, $"only fields of {kind} rotary positions");
            }
        }

        RequireNeutral(rope, "partial_rotary_factor");
        RopeScaling? scaling = kind switch
        {
            "linear" => rope.RequiredFloat("factor") is var factor && factor == 1 ? null : new LinearScaling(factor),
            "llama3" => new Llama3Scaling(
                rope.RequiredFloat("factor"), rope.RequiredFloat("low_freq_factor"), rope.RequiredFloat("high_freq_factor"),
                rope.RequiredCount(Original)),
            "yarn" => Yarn(rope),
            "longrope" => new PairScaling(Divisors(rope)),
            _ => null,
        };
        if (scaling is null)
        {
            RequireNeutral(rope, "factor");
        }

        return scaling?.Fault(headDim, theta) is { } fault
            ? throw rope.Error(fault.Name, fault.FoundText, fault.Expected)
            : (scaling, scalesQueries ? Queries(rope) : null);
    }

    private static string Kind(JsonFields rope)
    {
        string? kind = null;
        foreach (string name in new[] { "rope_type", "type" })
        {
            if (rope.Text(name) is not { } found)
            {
                continue;
            }

            if (!Kinds.ContainsKey(found))
            {
                throw rope.Error(name, found, "default, linear, llama3 or yarn" + (found == "dynamic"
                    ? ": frequencies that change with a text's length do not fit the keys in the cache"
                    : ""));
            }

            kind = kind is null || kind == found ? found : throw rope.Error(name, found, $"{kind} as in rope_type");
        }

        return kind ?? Default;
    }

    private static YarnScaling Yarn(JsonFields rope)
    {
        float factor = rope.RequiredFloat("factor");
        float weight = NotNegative(rope, "mscale") ?? 0;
        float allDimensions = NotNegative(rope, "mscale_all_dim") ?? 0;
        return new YarnScaling(
            factor,
            rope.RequiredCount(Original),
            rope.PositiveFloat("beta_fast") ?? YarnScaling.DefaultBetaFast,
            rope.PositiveFloat("beta_slow") ?? YarnScaling.DefaultBetaSlow,
            rope.PositiveFloat("attention_factor")
                ?? (weight > 0 && allDimensions > 0
                    ? YarnScaling.AttentionOf(factor, weight, allDimensions)
                    : YarnScaling.AttentionOf(factor)),
            IsTruncated: rope.Find("truncate") is null || rope.Flag("truncate"));
    }

    private static QueryScaling? Queries(JsonFields rope)
    {
        float beta = NotNegative(rope, Beta) ?? throw rope.Error(Beta, "nothing", "a number from 0");
        return QueryScaling.Of(beta, rope.RequiredCount(Original));
    }

    /// <summary>
    /// The divisors of short texts. Those of long texts must equal them, because divisors that change with a text's length are
    /// not
    /// supported.
    /// </summary>
    private static ImmutableArray<float> Divisors(JsonFields rope)
    {
        var (shorter, longer) = (List("short_factor"), List("long_factor"));
        if (!shorter.SequenceEqual(longer))
        {
            throw rope.Error(
                "long_factor", rope.Find("long_factor")!.Value,
                "the numbers of short_factor: frequencies must not change with a text's length");
        }

        return rope.PositiveFloat("attention_factor") is 1 ? shorter : throw rope.Error(
            "attention_factor", rope.Find("attention_factor")?.GetRawText() ?? "nothing", "1");

        ImmutableArray<float> List(string name) => rope.Find(name) switch
        {
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() > 0
                && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number) =>
                [.. list.EnumerateArray().Select(item => item.GetSingle())],
            { } value => throw rope.Error(name, value, "a list of numbers"),
            null => throw rope.Error(name, "nothing", "a list of numbers"),
        };
    }

    private static float? NotNegative(JsonFields rope, string name) =>
        rope.Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) && number == 0
            ? 0
            : rope.PositiveFloat(name);
}
