using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Fuzzing.Mutations;
using Mistral.Ilgpu.Fuzzing.Seeds;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>Adapters of Hugging Face PEFT and of Mistral's own fine-tuning, for a model that stays as it is.</summary>
internal static class AdapterReaders
{
    private const string Peft = "adapter_model.safetensors";
    private const string Native = "lora.safetensors";
    private const string Settings = "adapter_config.json";

    public static IEnumerable<FuzzTarget> All()
    {
        ModelConfig config;
        var model = new MemoryStore(new FuzzInput(SmallFiles.HuggingFace()));
        using (var checkpoint = Checkpoint.Open(new ModelFiles("model", "model", model), null))
        {
            config = checkpoint.Config;
        }

        var peft = Mutator("base_model.model.model.layers.0.self_attn.q_proj", "base_model.model.model.layers.0.mlp.down_proj");
        var settings = new JsonMutator("""
            {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "use_rslora": false, "use_dora": false,
            "fan_in_fan_out": false, "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": null, "target_modules": ["q_proj", "down_proj"]}
            """u8.ToArray());
        var native = Mutator("layers.0.attention.wq", "layers.0.feed_forward.w2");
        yield return new FuzzTarget(
            "adapter",
            4,
            [new FuzzSeed((Peft, peft), (Settings, settings)), new FuzzSeed((Native, native))],
            input => Read(input, config));
    }

    private static SafetensorsMutator Mutator(string first, string second) =>
        new(SmallFiles.Safetensors(new Dictionary<string, (string, long[], byte[])>
        {
            [$"{first}.lora_A.weight"] = ("F32", [2, 32], new byte[2 * 32 * 4]),
            [$"{first}.lora_B.weight"] = ("F32", [32, 2], new byte[32 * 2 * 4]),
            [$"{second}.lora_A.weight"] = ("BF16", [2, 32], new byte[2 * 32 * 2]),
            [$"{second}.lora_B.weight"] = ("BF16", [32, 2], new byte[32 * 2 * 2]),
        }));

    private static void Read(FuzzInput input, ModelConfig config)
    {
        using var adapter = LoraAdapter.Open(
            new ModelFiles("adapter", "adapter", new MemoryStore(input)), input.Files.ContainsKey(Peft) ? Peft : Native, config);
        if (!float.IsFinite(adapter.Scale))
        {
            throw new InvalidOperationException($"an adapter's scale is {adapter.Scale}");
        }

        foreach (var tensor in adapter.Pairs.Values.SelectMany(pair => new[] { pair.A, pair.B }))
        {
            byte[] values = new byte[TensorFormat.Float32.BytesOf((long)tensor.Rows * tensor.Columns)];
            tensor.CopyRows(0, tensor.Rows, TensorFormat.Float32, values);
        }
    }
}
