using System.Collections.Immutable;
using System.Text.Json;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>Reads config.json and generation_config.json of Hugging Face's MistralForCausalLM and the models that differ in
/// numbers alone.</summary>
internal static class HuggingFaceConfig
{
    // What transformers' MistralConfig and MinistralConfig take where the field is absent, and LlamaConfig where it is the same.
    private const int DefaultWindow = 4096;
    private const int DefaultKvHeads = 8;
    private const int DefaultMaxPositions = 4096 * 32;
    private const int DefaultEosId = 2;
    private const double DefaultEpsilon = 1e-6;

    private const string Llama = "llama";
    private const int LlamaMaxPositions = 2048;

    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    // Llama and Ministral compute the same with other numbers.
    private static readonly string[] ModelTypes = ["mistral", Llama, "ministral"];

    /// <summary>Fields that change nothing of what is computed here.</summary>
    private static readonly HashSet<string> Harmless =
    [
        "_name_or_path", "architectures", "attention_dropout", "bos_token_id", "dtype", "initializer_range", "pad_token_id",
        "torch_dtype", "transformers_version", "use_cache", "pretraining_tp", "output_attentions", "output_hidden_states",
        "return_dict", "_attn_implementation", "unsloth_version", "unsloth_fixed", "_attn_implementation_autoset",
        "model_max_length", "tokenizer_class", "unk_token_id", "max_window_layers",
    ];

    private static readonly HashSet<string> Known =
    [
        "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "intermediate_size", "rms_norm_eps", "rope_theta", "rope_parameters", "rope_scaling",
        "max_position_embeddings", "sliding_window", "tie_word_embeddings", "hidden_act", "eos_token_id", "attention_bias",
        "mlp_bias", "quantization", "quantization_config", "layer_types", "partial_rotary_factor",
    ];

    /// <param name="generation">generation_config.json, which may name ids that end a text.</param>
    public static ModelConfig Read(
        ReadOnlyMemory<byte> json, string file, (ReadOnlyMemory<byte> Json, string File)? generation = null)
    {
        var fields = JsonFields.Parse(json, file);
        Refuse(fields);
        bool isLlama = IsLlama(fields);
        int heads = fields.RequiredCount("num_attention_heads");
        // Absent and null differ: null is as many as there are query heads.
        int kvHeads = fields.Count("num_key_value_heads") ?? (isLlama || fields.Has("num_key_value_heads") ? heads : DefaultKvHeads);
        int dim = fields.RequiredCount("hidden_size");
        if (heads % kvHeads != 0)
        {
            throw fields.Error("num_key_value_heads", $"{kvHeads}", $"a divisor of num_attention_heads = {heads}");
        }

        if (fields.Find("head_dim") is null && dim % heads != 0)
        {
            throw fields.Error("hidden_size", $"{dim}", $"a multiple of num_attention_heads = {heads}");
        }

        int headDim = fields.Count("head_dim") ?? (dim / heads);
        if (headDim % 2 != 0 || headDim > 256)
        {
            throw fields.Error("head_dim", $"{headDim}", "an even number up to 256");
        }

        var (window, windows) = Windows(fields);
        var config = new ModelConfig
        {
            VocabularySize = fields.RequiredCount("vocab_size"),
            Dim = dim,
            LayerCount = fields.RequiredCount("num_hidden_layers"),
            HeadCount = heads,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            FeedForwardDim = fields.RequiredCount("intermediate_size"),
            NormEpsilon = Epsilon(fields),
            RopeTheta = HuggingFaceRope.Theta(fields),
            MaxPositions = fields.Count("max_position_embeddings") ?? (isLlama ? LlamaMaxPositions : DefaultMaxPositions),
            TiedEmbeddings = fields.Flag("tie_word_embeddings"),
            SlidingWindow = window,
            LayerWindows = windows,
            EosIds = EosIds(fields, generation),
        };
        CheckSizes(fields, config);
        return config;
    }

    private static bool IsLlama(JsonFields fields) => fields.Text("model_type") == Llama;

    /// <summary>The ids that end a text: those of both files, or transformers' default where neither has the field.</summary>
    private static ImmutableArray<int> EosIds(JsonFields fields, (ReadOnlyMemory<byte> Json, string File)? generation)
    {
        const string Field = "eos_token_id";
        int vocabulary = fields.RequiredCount("vocab_size");
        List<JsonFields> files = [fields];
        if (generation is { } second)
        {
            files.Add(JsonFields.Parse(second.Json, second.File));
        }

        foreach (var file in files)
        {
            if (file.Ids(Field).FirstOrDefault(id => id >= vocabulary, -1) is >= 0 and var outside)
            {
                throw file.Error(Field, $"{outside}", $"an id below vocab_size = {vocabulary}");
            }
        }

        return files.Exists(file => file.Has(Field)) ? [.. files.SelectMany(file => file.Ids(Field)).Distinct()]
            : DefaultEosId < vocabulary ? [DefaultEosId]
            : [];
    }

    private static void Refuse(JsonFields fields)
    {
        if (fields.Text("model_type") is var type && !Array.Exists(ModelTypes, known => known == type))
        {
            throw fields.Error("model_type", type ?? "nothing", string.Join(" or ", ModelTypes));
        }

        foreach (var (name, value) in fields.All)
        {
            if (!Known.Contains(name) && !Harmless.Contains(name))
            {
                throw fields.Error(name, value, "only fields of a dense Mistral; this one is unknown");
            }
        }

        if (fields.Text("hidden_act") is { } activation && activation != "silu")
        {
            throw fields.Error("hidden_act", activation, "silu");
        }

        foreach (string name in new[] { "attention_bias", "mlp_bias" })
        {
            if (fields.Flag(name))
            {
                throw fields.Error(name, "true", "false: a Mistral has no biases");
            }
        }

        foreach (string name in new[] { "quantization", "quantization_config" })
        {
            HuggingFaceQuantization.Require(fields, name);
        }

        HuggingFaceRope.RequireNeutral(fields, "partial_rotary_factor");
    }

    /// <summary>The window of all layers, or where they differ that of each.</summary>
    private static (int? All, ImmutableArray<int?> ByLayer) Windows(JsonFields fields)
    {
        // transformers' Llama has no window, whatever its file says.
        if (IsLlama(fields))
        {
            return (null, []);
        }

        int? window = fields.Has("sliding_window") ? fields.Count("sliding_window") : DefaultWindow;
        if (fields.Texts("layer_types") is not { } types)
        {
            return (window, []);
        }

        if (types.Count != fields.RequiredCount("num_hidden_layers") || types.Any(type => type != Full && (type != Sliding || window is null)))
        {
            throw fields.Error(
                "layer_types", fields.Find("layer_types")!.Value, $"{Full}{(window is null ? "" : $" or {Sliding}")} once for every layer, as sliding_window says");
        }

        return types.All(type => type == Full) ? (null, [])
            : types.All(type => type == Sliding) ? (window, [])
            : (null, [.. types.Select(type => type == Full ? null : window)]);
    }

    private static float Epsilon(JsonFields fields)
    {
        float epsilon = (float)(fields.PositiveNumber("rms_norm_eps") ?? DefaultEpsilon);
        return epsilon > 0 && float.IsFinite(epsilon) ? epsilon : throw fields.Error(
            "rms_norm_eps", fields.Find("rms_norm_eps")!.Value, "a positive float32 number");
    }

    private static void CheckSizes(JsonFields fields, ModelConfig config)
    {
        // Every matrix must be countable in 32 bits by rows and by columns, the stacked ones included.
        Check("num_attention_heads", (long)config.HeadCount * (config.HeadDim + 32) * 3);
        Check("intermediate_size", 2L * config.FeedForwardDim);
        // A head's rows are read at once.
        Check("hidden_size", 4L * config.Dim * config.HeadDim);
        Check("vocab_size", 4L * config.VocabularySize);

        void Check(string name, long size)
        {
            if (size > 1 << 28)
            {
                throw fields.Error(name, fields.Find(name)!.Value, "a size that a device can hold");
            }
        }
    }
}
