using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>Random models that llama.cpp wrote in every format, and what it makes of them.</summary>
internal static class GgufData
{
    /// <summary>The formats that GGUF files hold.</summary>
    public static IEnumerable<TensorFormat> Formats =>
        FormatDescriptors.Formats.Where(format => format.Descriptor().GgufType is not null);

    public static Checkpoint Open(TensorFormat format) => Checkpoint.Open(TestData.PathOf($"gguf/{format.StoredName()}.gguf"));

    /// <summary>The prompt, its ids, and the logits after it.</summary>
    public static JsonElement Logits(TensorFormat format) => TestData.Json($"gguf/{format.StoredName()}.logits.json");

    /// <summary>The file of the first layer's keys' weights, dequantized by ggml to 32-bit floats.</summary>
    public static string Keys(TensorFormat format) => TestData.PathOf($"gguf/{format.StoredName()}.attn_k.f32.gz");
}
