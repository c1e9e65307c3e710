using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>What a config.json says of quantized weights: eight-bit floats with one scale for a tensor are read, all else is
/// refused. Which tensors those are shows in their own types.</summary>
internal static class HuggingFaceQuantization
{
    public const string Field = "quantization_config";

    // How activations are quantized and what is not: neither changes what is computed here.
    private static readonly string[] Harmless = ["activation_scheme", "modules_to_not_convert", "dequantize"];

    /// <exception cref="ModelFileException">Weights are quantized in another way.</exception>
    public static void Require(JsonFields fields, string name)
    {
        if (fields.Find(name) is not { } value)
        {
            return;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            throw fields.Error(name, value, "null or an object");
        }

        // An empty object says that nothing is quantized.
        var inner = fields.Object(name)!;
        if (inner.All.Any() && inner.Text("quant_method") is var method && method != "fp8")
        {
            throw inner.Error("quant_method", method ?? "nothing", "fp8");
        }

        foreach (var (field, found) in inner.All)
        {
            if (field != "quant_method" && inner.Find(field) is not null && !Harmless.Contains(field))
            {
                throw inner.Error(field, found, "null: weights have one scale for a tensor");
            }
        }
    }

    /// <summary>What is written of weights that have such scales.</summary>
    /// <param name="keptModules">Those that are not quantized.</param>
    public static JsonObject Write(params ReadOnlySpan<string> keptModules)
    {
        var kept = new JsonArray();
        foreach (string module in keptModules)
        {
            kept.Add(module);
        }

        return new JsonObject
        {
            ["quant_method"] = "fp8",
            ["activation_scheme"] = "dynamic",
            ["weight_block_size"] = null,
            ["modules_to_not_convert"] = kept,
        };
    }
}
