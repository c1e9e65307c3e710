using System.Globalization;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Writes rotary positions to a config.json in the form that <see cref="HuggingFaceRope"/> reads.</summary>
internal static class HuggingFaceRopeExport
{
    public static void Write(ModelConfig config, JsonObject json, string name)
    {
        if (config.QueryScaling is not { } queries)
        {
            json["rope_theta"] = config.RopeTheta;
            if (config.RopeScaling is { } scaling)
            {
                // Older readers know only this name; readers of rope_parameters accept it, too.
                json["rope_scaling"] = Scaling(scaling);
            }

            return;
        }

        if (config.RopeScaling?.OriginalPositions is { } length && length != queries.OriginalLength)
        {
            throw new ModelFileException(
                name,
                $"original length: found {length} for positions and {queries.OriginalLength} for queries, "
                    + "expected one: config.json has room for one");
        }

        var rope = config.RopeScaling is null
            ? new JsonObject { ["rope_type"] = HuggingFaceRope.Default }
            : Scaling(config.RopeScaling);
        rope[HuggingFaceRope.Original] = queries.OriginalLength;
        rope["rope_theta"] = config.RopeTheta;
        rope[HuggingFaceRope.Beta] = Number(queries.Beta);
        json[HuggingFaceRope.Parameters] = rope;
    }

    private static JsonObject Scaling(RopeScaling scaling)
    {
        var json = new JsonObject { ["rope_type"] = scaling.Kind };
        if (scaling is PairScaling pairs)
        {
            json["short_factor"] = Numbers(pairs);
            json["long_factor"] = Numbers(pairs);
            json["attention_factor"] = 1.0;
            return json;
        }

        if (scaling.OriginalPositions is { } length)
        {
            json[HuggingFaceRope.Original] = length;
        }

        foreach (var (field, value) in scaling.Numbers)
        {
            json[field] = Number(value);
        }

        if (scaling is YarnScaling yarn)
        {
            if (yarn.Attention == 1)
            {
                // The released config.json files have this form, and converters expect it.
                json.Remove("attention_factor");
                json["mscale"] = 1.0;
                json["mscale_all_dim"] = 1.0;
            }

            if (!yarn.IsTruncated)
            {
                json["truncate"] = false;
            }
        }

        return json;
    }

    private static JsonArray Numbers(PairScaling pairs) => new([.. pairs.Divisors.Select(Number)]);

    /// <summary>
    /// A number as decimal text. A float32 that is widened to double would print digits that it does not have.
    /// </summary>
    public static JsonNode Number(float value) => JsonNode.Parse(value.ToString("R", CultureInfo.InvariantCulture))!;
}
