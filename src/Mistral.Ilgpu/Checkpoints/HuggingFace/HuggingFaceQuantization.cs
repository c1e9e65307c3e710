using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>
/// Reads and writes what a config.json states about quantized weights. Eight-bit floats with one scale for each tensor are
/// supported, everything else is refused. The types of the tensors tell which of them are quantized.
/// </summary>
internal static class HuggingFaceQuantization
{
    public const string Field = "quantization_config";

    // How activations are quantized and which modules are not does not change the results here.
    private static readonly string[] Harmless = ["activation_scheme", "modules_to_not_convert", "dequantize"];

    /// <exception cref="ModelFileException">Weights are quantized in an unsupported way.</exception>
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

        // An empty object means that nothing is quantized.
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

    /// <summary>The quantization_config of eight-bit weights with scales.</summary>
    /// <param name="keptModules">The modules that are not quantized.</param>
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
