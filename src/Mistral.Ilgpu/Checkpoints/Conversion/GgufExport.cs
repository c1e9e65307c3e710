using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints.Gguf;

namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Writes a checkpoint as a GGUF file, of architecture llama, or mistral3 if the positions need it.</summary>
internal static class GgufExport
{
    public static void Write(Checkpoint checkpoint, string path, TensorFormat? type, TensorCopy copy)
    {
        if (type is { } wanted && wanted.Descriptor().GgufType is null)
        {
            throw new ArgumentException($"GGUF files do not hold {wanted.ShortName()}", nameof(type));
        }

        var config = checkpoint.Config;
        var tensors = TensorNames.Gguf(config).Select(expected => checkpoint.Tensors[expected.Name]).ToList();
        // Gains stay float32, because they are a millionth of the weights and every reader accepts them.
        var infos = tensors.Select(tensor => new GgufTensor(
            TensorNames.GgufName(tensor.Name), FormatOf(tensor, type), tensor.Rows, tensor.Columns)).ToList();
        float[]? divisors = GgufRopeExport.Divisors(config);
        if (divisors is not null)
        {
            infos.Add(new GgufTensor(GgufRope.DivisorsName, TensorFormat.Float32, 1, divisors.Length));
        }

        using var output = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        using var writer = new GgufWriter(output);
        writer.WriteHeader([.. Metadata(checkpoint, infos), .. GgufVocabularyExport.Metadata(checkpoint)], infos);
        foreach (var (tensor, info) in tensors.Zip(infos))
        {
            copy.Write(output, tensor, info.Format);
            writer.Pad();
        }

        if (divisors is not null)
        {
            output.Write(MemoryMarshal.AsBytes(divisors.AsSpan()));
            writer.Pad();
        }

        output.Flush(flushToDisk: true);
    }

    private static TensorFormat FormatOf(CheckpointTensor tensor, TensorFormat? type)
    {
        var format = tensor.Rows == 1 ? TensorFormat.Float32 : tensor.FormatAs(type);
        // The tensor has a format that GGUF does not support. bf16 has at least its range.
        return format.Descriptor().GgufType is null ? TensorFormat.BFloat16 : format;
    }

    private static IEnumerable<KeyValuePair<string, object>> Metadata(Checkpoint checkpoint, List<GgufTensor> tensors)
    {
        var config = checkpoint.Config;
        string architecture = GgufRopeExport.Architecture(config);
        yield return Pair("general.architecture", architecture);
        yield return Pair("general.type", "model");
        yield return Pair("general.name", checkpoint.Name);
        yield return Pair("general.file_type", FileType(tensors));
        yield return Pair("general.quantization_version", 2u);
        yield return Pair($"{architecture}.vocab_size", (uint)config.VocabularySize);
        yield return Pair($"{architecture}.context_length", (uint)config.MaxPositions);
        yield return Pair($"{architecture}.embedding_length", (uint)config.Dim);
        yield return Pair($"{architecture}.block_count", (uint)config.LayerCount);
        yield return Pair($"{architecture}.feed_forward_length", (uint)config.FeedForwardDim);
        yield return Pair($"{architecture}.rope.dimension_count", (uint)config.HeadDim);
        yield return Pair($"{architecture}.rope.freq_base", (float)config.RopeTheta);
        yield return Pair($"{architecture}.attention.head_count", (uint)config.HeadCount);
        yield return Pair($"{architecture}.attention.head_count_kv", (uint)config.KvHeadCount);
        yield return Pair($"{architecture}.attention.key_length", (uint)config.HeadDim);
        yield return Pair($"{architecture}.attention.value_length", (uint)config.HeadDim);
        yield return Pair($"{architecture}.attention.layer_norm_rms_epsilon", config.NormEpsilon);
        foreach (var (key, value) in GgufRopeExport.Metadata(config, checkpoint.Name))
        {
            yield return Pair($"{architecture}.{key}", value);
        }

        if (!config.LayerWindows.IsEmpty)
        {
            yield return Pair(GgufConfig.WindowKey(architecture), config.LayerWindows.Select(window => window ?? 0).ToArray());
        }
        else if (config.SlidingWindow is { } window)
        {
            yield return Pair(GgufConfig.WindowKey(architecture), (uint)window);
        }
    }

    /// <summary>llama.cpp's number for the format of most weights.</summary>
    private static uint FileType(List<GgufTensor> tensors) => tensors.GroupBy(tensor => tensor.Format)
        .MaxBy(group => group.Sum(tensor => tensor.Bytes))!.Key.Descriptor().GgufFileType;

    private static KeyValuePair<string, object> Pair(string key, object value) => new(key, value);
}
