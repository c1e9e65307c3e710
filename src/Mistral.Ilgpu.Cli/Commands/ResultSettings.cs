using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// Everything besides the prompt that determines a text, with the names of the options. Device, batch and chunk are omitted,
/// because a run may continue on another machine.
/// </summary>
internal static class ResultSettings
{
    public const string SeedName = "seed";

    private const string ModelName = "model";

    public static JsonObject Of(Checkpoint checkpoint, ModelOptions model, GenerationOptions generation)
    {
        var sampling = generation.Sampling;
        var settings = new JsonObject
        {
            [ModelName] = Fingerprint(checkpoint),
            ["type"] = model.WeightType?.ShortName(),
            ["kv-type"] = model.CacheType.ShortName(),
            ["activations"] = model.Activations == ActivationType.Int8 ? "int8" : "f32",
            ["context"] = model.Context,
            ["sliding-window"] = model.SlidingWindow,
            ["lora"] = new JsonArray([.. (model.Adapters ?? []).Select(Adapter)]),
            ["max-tokens"] = generation.MaxTokens,
            ["repeat-penalty"] = sampling.RepeatPenalty,
            ["stop"] = new JsonArray([.. generation.Stop.Select(stop => (JsonNode)stop)]),
            ["ignore-eos"] = generation.IgnoreEos,
            ["temperature"] = sampling.Temperature,
        };
        // Without a temperature nothing is sampled.
        if (sampling.Temperature > 0)
        {
            settings["top-k"] = sampling.TopK;
            settings["top-p"] = sampling.TopP;
            settings["min-p"] = sampling.MinP;
            settings[SeedName] = sampling.Seed;
        }

        return settings;
    }

    /// <summary>The values of an object by name, in the format that is written here.</summary>
    /// <exception cref="InvalidOperationException">A string in it is not valid text.</exception>
    public static Dictionary<string, string> Values(JsonElement settings)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in settings.EnumerateObject())
        {
            values[setting.Name] = JsonSerializer.Serialize(setting.Value, Json.SerializerOptions);
        }

        return values;
    }

    /// <summary>Names the first setting that differs; null if none does.</summary>
    /// <param name="found">The result of <see cref="Values"/>, or null.</param>
    public static string? Difference(IReadOnlyDictionary<string, string>? found, JsonObject expected)
    {
        if (found is null)
        {
            return $"found no {ResultFile.SettingsName}, expected those of this run";
        }

        foreach (string name in expected.Select(setting => setting.Key).Union(found.Keys))
        {
            string was = found.GetValueOrDefault(name, "none");
            string wanted = expected.TryGetPropertyValue(name, out var value)
                ? JsonSerializer.Serialize(value, Json.SerializerOptions)
                : "none";
            if (was != wanted)
            {
                string isWhat = name == ModelName ? ", the weights of another model" : "";
                return $"{ResultFile.SettingsName}.{name}: found {was}, expected {wanted}{isWhat}";
            }
        }

        return null;
    }

    private static JsonNode Adapter(LoraOptions adapter) => FormattableString.Invariant($"{adapter.Path}:{adapter.Scale}");

    /// <summary>
    /// A fingerprint of the weights: the name, shape, format and middle row of every tensor. It avoids reading all weights.
    /// </summary>
    private static string Fingerprint(Checkpoint checkpoint)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tensor in checkpoint.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(
                FormattableString.Invariant($"{tensor.Name} {tensor.Rows} {tensor.Columns} {tensor.Format}\n")));
            byte[] row = new byte[tensor.Format.BytesOf(tensor.Columns)];
            tensor.CopyRows(tensor.Rows / 2, 1, tensor.Format, row);
            hash.AppendData(row);
        }

        return System.Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }
}
