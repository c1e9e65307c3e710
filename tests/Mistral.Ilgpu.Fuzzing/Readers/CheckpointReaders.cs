using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;
using Mistral.Ilgpu.Tests.Tokenization;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Models: opened, their tensors read and converted, their tokenizer used.</summary>
internal static class CheckpointReaders
{
    private const string Gguf = "model.gguf";
    private const string Torch = "consolidated.00.pth";

    public static IEnumerable<FuzzTarget> All()
    {
        var model = SmallFiles.HuggingFace();
        yield return new FuzzTarget("gguf", 8, [.. GgufSeeds(model), SplitSeed(model)], input =>
            Read(input, input.Files.ContainsKey(Gguf) ? Gguf : "m-00002-of-00002.gguf"));
        var tekken = SmallFiles.HuggingFace("tekken.json", JsonSeeds.Tekken("v3"), config => config["vocab_size"] = 280);
        yield return new FuzzTarget("gguf-bytes", 1, [GgufSeed(tekken, TensorFormat.Q8_0)], input => Read(input, Gguf));
        yield return new FuzzTarget(
            "safetensors", 6, [Seed(model, "model.safetensors"), ShardedSeed()], input => Read(input, null));
        yield return new FuzzTarget("torch", 6, [Seed(SmallFiles.Mistral(model, Torch), Torch)], input => Read(input, Torch));
        var native = SmallFiles.Mistral(model, "consolidated.safetensors");
        yield return new FuzzTarget("params", 4, [Seed(native, "params.json")], input => Read(input, null));
        yield return new FuzzTarget("config", 6, [.. ConfigSeeds()], input => Read(input, null));
    }

    private static IEnumerable<FuzzSeed> GgufSeeds(Dictionary<string, byte[]> model)
    {
        foreach (var type in new TensorFormat?[] { null, TensorFormat.Q8_0, TensorFormat.Q4_0 })
        {
            yield return GgufSeed(model, type);
        }

        yield return GgufSeed(SmallFiles.HuggingFace(set: config => config["hidden_size"] = 256), TensorFormat.Q4_K);
    }

    private static FuzzSeed GgufSeed(Dictionary<string, byte[]> model, TensorFormat? type) =>
        new((Gguf, GgufFields.Mutator(SmallFiles.Gguf(model, type))));

    /// <summary>Two parts: the metadata, and the tensors.</summary>
    private static FuzzSeed SplitSeed(Dictionary<string, byte[]> model)
    {
        byte[] whole = SmallFiles.Gguf(model, null);
        using var source = new MemorySource(Gguf, whole);
        var file = GgufFile.Read(source);
        var parts = new List<(string, IMutator)>();
        for (uint part = 0; part < 2; part++)
        {
            using var bytes = new MemoryStream();
            using var writer = new GgufWriter(bytes);
            var tensors = part == 0 ? [] : file.Tensors;
            writer.WriteHeader(
                [.. part == 0 ? Metadata(file.Metadata) : [], new("split.no", part), new("split.count", 2u)],
                [.. tensors.Select(Describe)]);
            foreach (var tensor in tensors)
            {
                bytes.Write(whole, (int)tensor.Offset, (int)tensor.Length);
                writer.Pad();
            }

            parts.Add(($"m-0000{part + 1}-of-00002.gguf", GgufFields.Mutator(bytes.ToArray())));
        }

        return new FuzzSeed([.. parts]);
    }

    private static GgufTensor Describe(StoredTensor tensor)
    {
        var format = TensorFormatExtensions.FromStoredName(tensor.Type)!.Value;
        return new GgufTensor(tensor.Name, format, tensor.Shape.Length == 1 ? 1 : (int)tensor.Shape[0], (int)tensor.Shape[^1]);
    }

    private static IEnumerable<KeyValuePair<string, object>> Metadata(GgufMetadata metadata) =>
        metadata.Values.Select(entry => KeyValuePair.Create(entry.Key, entry.Value switch
        {
            double number when number == Math.Floor(number) && number >= 0 => (uint)number,
            double number => (float)number,
            GgufNumbers numbers => Enumerable.Range(0, numbers.Count).Select(i => (float)numbers[i]).ToList(),
            var value => value,
        }));

    private static FuzzSeed ShardedSeed()
    {
        var files = SmallFiles.HuggingFace(shards: 2);
        return Seed(files, [.. files.Keys.Where(name => name.StartsWith("model", StringComparison.Ordinal))]);
    }

    private static IEnumerable<FuzzSeed> ConfigSeeds()
    {
        var model = SmallFiles.HuggingFace();
        yield return Seed(model, HuggingFaceFolder.ConfigFile);
        var newer = new Dictionary<string, byte[]>(model)
        {
            [HuggingFaceFolder.ConfigFile] = """
                {"model_type": "ministral", "vocab_size": 8, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 32, "rms_norm_eps": 1e-5, "sliding_window": 8,
                "layer_types": ["sliding_attention"], "eos_token_id": [2, 3], "rope_scaling": null, "tie_word_embeddings": false,
                "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}, "max_position_embeddings": 32768}
                """u8.ToArray(),
            ["generation_config.json"] = """{"bos_token_id": 1, "eos_token_id": [2, 4]}"""u8.ToArray(),
            ["tokenizer_config.json"] = """{"bos_token": "<s>", "eos_token": {"content": "</s>"}}"""u8.ToArray(),
        };
        yield return Seed(newer, HuggingFaceFolder.ConfigFile, "generation_config.json", "tokenizer_config.json");
        var scaled = new Dictionary<string, byte[]>(model)
        {
            [HuggingFaceFolder.ConfigFile] = """
                {"model_type": "mistral3", "vision_config": {"model_type": "pixtral"}, "spatial_merge_size": 2, "text_config": {
                "model_type": "ministral3", "vocab_size": 8, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
                "num_key_value_heads": 1, "head_dim": 16, "intermediate_size": 32, "sliding_window": null, "rope_parameters": {
                "type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 64, "beta_fast": 32.0,
                "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 0.5, "truncate": true, "llama_4_scaling_beta": 0.1}}}
                """u8.ToArray(),
        };
        yield return Seed(scaled, HuggingFaceFolder.ConfigFile);
    }

    private static FuzzSeed Seed(Dictionary<string, byte[]> files, params string[] mutated) => new(
        [.. mutated.Select(name => new KeyValuePair<string, IMutator>(name, Mutator(name, files[name])))],
        files.Where(file => !mutated.Contains(file.Key)).ToDictionary());

    private static IMutator Mutator(string name, byte[] bytes) => Path.GetExtension(name) switch
    {
        ".safetensors" => new SafetensorsMutator(bytes),
        ".pth" => new TorchMutator(bytes),
        _ => new JsonMutator(bytes),
    };

    private static void Read(FuzzInput input, string? file)
    {
        using var checkpoint = Checkpoint.Open(new ModelFiles("fuzzed", "fuzzed", new MemoryStore(input)), file);
        foreach (var tensor in checkpoint.Tensors.Values)
        {
            byte[] row = new byte[TensorFormat.Float32.BytesOf(tensor.Columns)];
            tensor.CopyRows(0, 1, TensorFormat.Float32, row);
            tensor.CopyRows(tensor.Rows - 1, 1, TensorFormat.Float32, row);
        }

        Expectations.Check(checkpoint);
        TokenizerReaders.Use(checkpoint.Tokenizer);
    }
}
