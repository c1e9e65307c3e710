using System.Runtime.InteropServices;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Tests.Checkpoints.Conversion;

namespace Mistral.Ilgpu.Tests.Checkpoints.Gguf;

/// <summary>A model of <c>gguf/F32.gguf</c>'s weights with a kind of scaled positions, and what llama.cpp makes of it.</summary>
internal sealed class RopeVariant
{
    private static readonly JsonElement Data = TestData.Json("rope.json");

    private readonly JsonElement _variant;

    public RopeVariant(string name) => _variant = Variants.Single(variant => NameOf(variant) == name);

    public static IEnumerable<string> Names => Variants.Select(NameOf);

    private static IEnumerable<JsonElement> Variants => Data.GetProperty("variants").EnumerateArray();

    /// <summary>Prompts, the first shorter than the original length and the others past it.</summary>
    public static IReadOnlyList<int[]> Prompts { get; } =
    [
        .. Data.GetProperty("prompts").EnumerateArray()
            .Select(prompt => prompt.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray()),
    ];

    /// <summary>The logits after a prompt.</summary>
    public double[] Logits(int prompt) =>
        [.. _variant.GetProperty("logits_last")[prompt].EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>Writes the model's file and opens it.</summary>
    public Checkpoint Write(string path)
    {
        string architecture = _variant.GetProperty("architecture").GetString()!;
        using var weights = GgufData.Open(TensorFormat.Float32);
        string[] without = [.. _variant.GetProperty("without").EnumerateArray().Select(name => name.GetString()!)];
        var tensors = weights.Tensors.Values.Where(tensor => !without.Contains(tensor.SourceName))
            .Select(tensor => (
                tensor.SourceName, tensor.Rows, tensor.Columns, Bytes: ConvertedModel.Bytes(tensor, TensorFormat.Float32)))
            .Concat(_variant.GetProperty("tensors").EnumerateObject().Select(Tensor)).ToList();
        using (var file = File.Create(path))
        using (var writer = new GgufWriter(file))
        {
            writer.WriteHeader(
                [
                    .. GgufData.MetadataOf(TestData.PathOf("gguf/F32.gguf")).Select(Renamed),
                    .. _variant.GetProperty("metadata").EnumerateObject().Select(Metadata),
                ],
                [
                    .. tensors.Select(
                        tensor => new GgufTensor(tensor.SourceName, TensorFormat.Float32, tensor.Rows, tensor.Columns)),
                ]);
            foreach (var tensor in tensors)
            {
                file.Write(tensor.Bytes);
                writer.Pad();
            }
        }

        return Checkpoint.Open(path);

        KeyValuePair<string, object> Renamed(KeyValuePair<string, object> pair) => new(
            pair.Key.Replace("llama.", architecture + ".", StringComparison.Ordinal),
            pair.Key == "general.architecture" ? architecture : pair.Value);

        KeyValuePair<string, object> Metadata(JsonProperty pair) => new(
            $"{architecture}.{pair.Name}",
            pair.Value.ValueKind == JsonValueKind.String ? pair.Value.GetString()!
                : pair.Name.EndsWith("length", StringComparison.Ordinal) ? pair.Value.GetUInt32()
                : pair.Value.GetSingle());
    }

    private static string NameOf(JsonElement variant) => variant.GetProperty("name").GetString()!;

    private static (string SourceName, int Rows, int Columns, byte[] Bytes) Tensor(JsonProperty tensor)
    {
        float[] values = [.. tensor.Value.EnumerateArray().Select(value => value.GetSingle())];
        return (tensor.Name, 1, values.Length, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
    }
}
