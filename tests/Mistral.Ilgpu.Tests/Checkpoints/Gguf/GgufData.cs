using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Gguf;

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

    /// <summary>A file's metadata, as <see cref="GgufWriter"/> takes it.</summary>
    public static KeyValuePair<string, object>[] MetadataOf(string path)
    {
        using var source = DiskFile.Open(path);
        return
        [
            .. GgufFile.Read(source).Metadata.Values.Select(pair => KeyValuePair.Create(pair.Key, pair.Value switch
            {
                double number when pair.Key.Contains("epsilon", StringComparison.Ordinal)
                    || pair.Key.Contains("freq", StringComparison.Ordinal) => (float)number,
                double number => (uint)number,
                GgufNumbers { Type: GgufType.Float32 } list =>
                    Enumerable.Range(0, list.Count).Select(i => (float)list[i]).ToArray(),
                GgufNumbers list => Enumerable.Range(0, list.Count).Select(i => (int)list[i]).ToArray(),
                var value => value,
            })),
        ];
    }

    /// <summary>The file of the first layer's keys' weights, dequantized by ggml to 32-bit floats.</summary>
    public static string Keys(TensorFormat format) => TestData.PathOf($"gguf/{format.StoredName()}.attn_k.f32.gz");
}
