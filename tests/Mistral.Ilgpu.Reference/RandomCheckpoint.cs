using System.Text.Json;

namespace Mistral.Ilgpu.Reference;

/// <summary>Writes models of random weights in Hugging Face's layout, whole or damaged on purpose.</summary>
internal sealed class RandomCheckpoint
{
    private readonly Random _random;

    public RandomCheckpoint(int seed) => _random = new Random(seed);

    /// <summary>Fields of config.json; change them before <see cref="Write"/>.</summary>
    public Dictionary<string, object?> Config { get; } = new()
    {
        ["architectures"] = new[] { "MistralForCausalLM" },
        ["model_type"] = "mistral",
        ["vocab_size"] = 40,
        ["hidden_size"] = 24,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["head_dim"] = 32,
        ["intermediate_size"] = 36,
        ["hidden_act"] = "silu",
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["sliding_window"] = 6,
        ["max_position_embeddings"] = 1024,
        ["tie_word_embeddings"] = false,
        ["bos_token_id"] = 1,
        ["eos_token_id"] = 2,
    };

    /// <summary>F32, F16 or BF16.</summary>
    public string Type { get; set; } = "F32";

    public int Shards { get; set; } = 1;

    /// <summary>A chance to change the tensors before they are written: name → (dtype, shape, bytes).</summary>
    public Action<Dictionary<string, (string Type, long[] Shape, byte[] Bytes)>>? Damage { get; set; }

    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(Config));
        var tensors = Tensors();
        Damage?.Invoke(tensors);
        if (Shards == 1)
        {
            WriteSafetensors(Path.Combine(folder, "model.safetensors"), tensors);
            return;
        }

        var weightMap = new Dictionary<string, string>();
        var names = tensors.Keys.Order(StringComparer.Ordinal).ToArray();
        for (int shard = 0; shard < Shards; shard++)
        {
            string file = $"model-{shard + 1:d5}-of-{Shards:d5}.safetensors";
            var part = names.Where((_, i) => i % Shards == shard).ToDictionary(name => name, name => tensors[name]);
            WriteSafetensors(Path.Combine(folder, file), part);
            foreach (string name in part.Keys)
            {
                weightMap[name] = file;
            }
        }

        var index = new Dictionary<string, object> { ["metadata"] = new { total_size = 0 }, ["weight_map"] = weightMap };
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), JsonSerializer.Serialize(index));
    }

    public static void WriteSafetensors(
        string path, IReadOnlyDictionary<string, (string Type, long[] Shape, byte[] Bytes)> tensors)
    {
        var header = new Dictionary<string, object> { ["__metadata__"] = new { format = "pt" } };
        long offset = 0;
        foreach (var (name, tensor) in tensors)
        {
            header[name] = new { dtype = tensor.Type, shape = tensor.Shape, data_offsets = new[] { offset, offset + tensor.Bytes.Length } };
            offset += tensor.Bytes.Length;
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        foreach (var tensor in tensors.Values)
        {
            file.Write(tensor.Bytes);
        }
    }

    private Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> Tensors()
    {
        long dim = Number("hidden_size");
        long queries = Number("num_attention_heads") * Number("head_dim");
        long keys = Number("num_key_value_heads") * Number("head_dim");
        long feedForward = Number("intermediate_size");
        var tensors = new Dictionary<string, (string, long[], byte[])>();
        Add("model.embed_tokens.weight", 1, Number("vocab_size"), dim);
        for (int i = 0; i < Number("num_hidden_layers"); i++)
        {
            string layer = $"model.layers.{i}.";
            Add(layer + "input_layernorm.weight", 0, dim);
            Add(layer + "self_attn.q_proj.weight", 1, queries, dim);
            Add(layer + "self_attn.k_proj.weight", 1, keys, dim);
            Add(layer + "self_attn.v_proj.weight", 1, keys, dim);
            Add(layer + "self_attn.o_proj.weight", 1, dim, queries);
            Add(layer + "post_attention_layernorm.weight", 0, dim);
            Add(layer + "mlp.gate_proj.weight", 1, feedForward, dim);
            Add(layer + "mlp.up_proj.weight", 1, feedForward, dim);
            Add(layer + "mlp.down_proj.weight", 1, dim, feedForward);
        }

        Add("model.norm.weight", 0, dim);
        if (Config["tie_word_embeddings"] is false)
        {
            Add("lm_head.weight", 1, Number("vocab_size"), dim);
        }

        return tensors;

        // Matrices around zero, gains around one.
        void Add(string name, int matrix, params long[] shape)
        {
            double scale = matrix == 1 ? 1.5 / Math.Sqrt(shape[^1]) : 0.2;
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)((1 - matrix) + (((2 * _random.NextDouble()) - 1) * scale));
            }

            tensors[name] = (Type, shape, Encode(values));
        }
    }

    private byte[] Encode(float[] values) => [.. values.SelectMany(value => Type switch
    {
        "F32" => BitConverter.GetBytes(value),
        "F16" => BitConverter.GetBytes((Half)value),
        _ => BitConverter.GetBytes((ushort)((BitConverter.SingleToUInt32Bits(value) + 0x8000) >> 16)),
    })];

    private long Number(string name) => Convert.ToInt64(Config[name], System.Globalization.CultureInfo.InvariantCulture);
}
