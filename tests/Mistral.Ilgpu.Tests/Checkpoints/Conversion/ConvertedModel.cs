using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;

namespace Mistral.Ilgpu.Tests.Checkpoints.Conversion;

/// <summary>Random models with a tokenizer, to be converted.</summary>
internal static class ConvertedModel
{
    /// <summary>A folder in Hugging Face's layout.</summary>
    public static Checkpoint Write(
        string folder, string type = "BF16", bool tied = false, int dim = 64, int vocabulary = 272,
        Action<Dictionary<string, (string Type, long[] Shape, byte[] Bytes)>>? change = null)
    {
        var random = new RandomCheckpoint(7) { Type = type, Damage = change };
        random.Config["vocab_size"] = vocabulary;
        random.Config["hidden_size"] = dim;
        random.Config["intermediate_size"] = 2 * dim;
        random.Config["tie_word_embeddings"] = tied;
        random.Write(folder);
        File.WriteAllBytes(
            Path.Combine(folder, "tokenizer.model"), SmallModel.Proto(("▁t", -1), ("he", -2), ("▁the", -3)).ToByteArray());
        return Checkpoint.Open(folder);
    }

    public static byte[] Bytes(CheckpointTensor tensor, TensorFormat format)
    {
        var bytes = new byte[format.BytesOf((long)tensor.Rows * tensor.Columns)];
        tensor.CopyRows(0, tensor.Rows, format, bytes);
        return bytes;
    }
}
