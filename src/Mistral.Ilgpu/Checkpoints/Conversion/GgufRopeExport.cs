using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Writes rotary positions to GGUF metadata in the form that <see cref="GgufRope"/> and llama.cpp read.</summary>
internal static class GgufRopeExport
{
    /// <summary>
    /// The architecture to write. llama.cpp reads all of YaRN and the scaling of queries only in its architecture mistral3,
    /// which otherwise equals llama.
    /// </summary>
    public static string Architecture(ModelConfig config) =>
        config.RopeScaling is YarnScaling || config.QueryScaling is not null ? "mistral3" : "llama";

    /// <param name="name">The model's name, for messages.</param>
    public static IEnumerable<KeyValuePair<string, object>> Metadata(ModelConfig config, string name)
    {
        int? positions = config.RopeScaling?.OriginalPositions;
        if (config.QueryScaling is { } queries)
        {
            if (positions is not null && positions != queries.OriginalLength)
            {
                throw new ModelFileException(
                    name,
                    $"original length: found {positions} for positions and {queries.OriginalLength} for queries, "
                        + "expected one: GGUF has room for one");
            }

            positions = queries.OriginalLength;
            yield return Pair(GgufRope.TemperatureKey, queries.Beta);
        }

        if (positions is { } original)
        {
            yield return Pair(GgufRope.OriginalKey, (uint)original);
        }

        switch (config.RopeScaling)
        {
            case LinearScaling linear:
                yield return Pair(GgufRope.TypeKey, GgufRope.Linear);
                yield return Pair(GgufRope.FactorKey, linear.Factor);
                break;
            case YarnScaling { IsTruncated: false }:
                throw new ModelFileException(name, "truncate: found false, expected true: GGUF has no room for it");
            case YarnScaling yarn:
                yield return Pair(GgufRope.TypeKey, GgufRope.Yarn);
                yield return Pair(GgufRope.FactorKey, yarn.Factor);
                yield return Pair(GgufRope.BetaFastKey, yarn.BetaFast);
                yield return Pair(GgufRope.BetaSlowKey, yarn.BetaSlow);
                // A multiplier of 1 makes the factor that llama.cpp itself computes 1, too.
                yield return Pair(GgufRope.LogMultiplierKey, 1f);
                yield return Pair(GgufRope.AttentionKey, yarn.Attention);
                break;
            default:
                break;
        }
    }

    /// <summary>The values of the file's tensor of divisors; null if it has none.</summary>
    public static float[]? Divisors(ModelConfig config) => config.RopeScaling switch
    {
        PairScaling pairs => [.. pairs.Divisors],
        Llama3Scaling llama3 =>
            [.. Enumerable.Range(0, config.HeadDim / 2).Select(pair => llama3.Divisor(pair, config.HeadDim, config.RopeTheta))],
        _ => null,
    };

    private static KeyValuePair<string, object> Pair(string key, object value) => new(key, value);
}
