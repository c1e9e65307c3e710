using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Checkpoints;
using Mistral.Ilgpu.Tests.Tokenization;

namespace Mistral.Ilgpu.Fuzzing.Seeds;

/// <summary>Valid models of a few thousand weights, as bytes by file name.</summary>
internal static class SmallFiles
{
    /// <summary>SentencePiece without byte pieces: 3 special ones and five.</summary>
    public static byte[] SentencePiece { get; } =
        SmallModel.Proto(false, ("\u2581", -1), ("a", -2), ("b", -3), ("\u2581a", -4), ("ab", -5)).ToByteArray();

    /// <summary>params.json of the model's sizes.</summary>
    public static byte[] Params => """
        {"dim": 32, "n_layers": 1, "head_dim": 16, "hidden_dim": 32, "n_heads": 2, "n_kv_heads": 1, "norm_eps": 1e-05,
        "vocab_size": 8, "sliding_window": [8], "rope_theta": 10000.0, "max_seq_len": 4096, "use_biases": false,
        "yarn": {"factor": 4, "original_max_position_embeddings": 64, "beta": 32, "alpha": 1, "apply_scale": false},
        "llama_4_scaling": {"original_max_position_embeddings": 64, "beta": 0.1}}
        """u8.ToArray();

    public static Dictionary<string, byte[]> HuggingFace(
        string tokenizer = "tokenizer.model",
        byte[]? vocabulary = null,
        Action<Dictionary<string, object?>>? set = null,
        int shards = 1)
    {
        using var folder = new ScratchFolder();
        var model = new RandomCheckpoint(7) { Type = "BF16", Shards = shards };
        (model.Config["vocab_size"], model.Config["num_hidden_layers"], model.Config["head_dim"]) = (8, 1, 16);
        (model.Config["hidden_size"], model.Config["intermediate_size"]) = (32, 32);
        (model.Config["num_attention_heads"], model.Config["num_key_value_heads"]) = (2, 1);
        set?.Invoke(model.Config);
        model.Write(folder.Path);
        File.WriteAllBytes(folder.File(tokenizer), vocabulary ?? SentencePiece);
        return Files(folder);
    }

    public static byte[] Gguf(IReadOnlyDictionary<string, byte[]> huggingFace, TensorFormat? type)
    {
        using var folder = new ScratchFolder();
        Write(folder, huggingFace);
        using var checkpoint = Checkpoint.Open(folder.Path);
        ModelConversion.Convert(checkpoint, folder.File("model.gguf"), type);
        return File.ReadAllBytes(folder.File("model.gguf"));
    }

    /// <summary>The same weights as Mistral's own releases have them.</summary>
    public static Dictionary<string, byte[]> Mistral(IReadOnlyDictionary<string, byte[]> huggingFace, string weights)
    {
        using var source = new ScratchFolder();
        Write(source, huggingFace);
        using var checkpoint = Checkpoint.Open(source.Path);
        var tensors = TensorNames.Mistral(checkpoint.Config).ToDictionary(expected => expected.SourceName, expected =>
        {
            var tensor = checkpoint.Tensors[expected.Name];
            byte[] bytes = new byte[tensor.Bytes];
            tensor.CopyRows(0, tensor.Rows, tensor.Format, bytes);
            return (Type: "BF16", Shape: tensor.Rows == 1 ? new long[] { tensor.Columns } : [tensor.Rows, tensor.Columns], bytes);
        });
        using var folder = new ScratchFolder();
        if (weights.EndsWith(".pth", StringComparison.Ordinal))
        {
            new TorchWriter().Write(folder.File(weights), tensors);
        }
        else
        {
            RandomCheckpoint.WriteSafetensors(folder.File(weights), tensors);
        }

        File.WriteAllBytes(folder.File("params.json"), Params);
        File.WriteAllBytes(folder.File("tokenizer.model"), SentencePiece);
        return Files(folder);
    }

    public static byte[] Safetensors(IReadOnlyDictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        using var folder = new ScratchFolder();
        RandomCheckpoint.WriteSafetensors(folder.File("file"), tensors);
        return File.ReadAllBytes(folder.File("file"));
    }

    private static Dictionary<string, byte[]> Files(ScratchFolder folder) =>
        Directory.EnumerateFiles(folder.Path).ToDictionary(path => Path.GetFileName(path), File.ReadAllBytes);

    private static void Write(ScratchFolder folder, IReadOnlyDictionary<string, byte[]> files)
    {
        foreach (var (name, bytes) in files)
        {
            File.WriteAllBytes(folder.File(name), bytes);
        }
    }
}
