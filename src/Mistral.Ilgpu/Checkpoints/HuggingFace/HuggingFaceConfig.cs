using System.Collections.Immutable;
using System.Text.Json;

namespace Mistral.Ilgpu.Checkpoints.HuggingFace;

/// <summary>
/// Reads config.json and generation_config.json of Hugging Face's MistralForCausalLM and models with the same computation.
/// These include Ministral3ForCausalLM and the text tower of Mistral3ForConditionalGeneration.
/// </summary>
internal static class HuggingFaceConfig
{
    // The default of transformers for every kind of model.
    private const int DefaultEosId = 2;

    private const string Multimodal = "mistral3";
    private const string TextTower = "text_config";

    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    /// <summary>Fields that do not change the results here.</summary>
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

    /// <summary>More such fields of models of text and images; images are not supported.</summary>
    private static readonly HashSet<string> KnownMultimodal =
    [
        "model_type", TextTower, "vision_config", "image_token_index", "image_token_id", "projector_hidden_act",
        "vision_feature_layer", "multimodal_projector_bias", "spatial_merge_size", "tie_word_embeddings", "eos_token_id",
        "quantization", "quantization_config",
    ];

    /// <param name="generation">The content of generation_config.json, which may name ids that end a text.</param>
    public static ModelConfig Read(
        ReadOnlyMemory<byte> json, string file, (ReadOnlyMemory<byte> Json, string File)? generation = null)
    {
        var whole = JsonFields.Parse(json, file);
        bool isMultimodal = whole.Text("model_type") == Multimodal;
        var fields = isMultimodal ? TextOf(whole) : whole;
        var defaults = DefaultsOf(fields, isMultimodal);
        Refuse(fields);
        int heads = fields.RequiredCount("num_attention_heads");
        // Absent and null differ: null means as many as query heads.
        int kvHeads = fields.Count("num_key_value_heads")
            ?? (fields.Has("num_key_value_heads") ? heads : defaults.KvHeads ?? heads);
        int dim = fields.RequiredCount("hidden_size");
        if (heads % kvHeads != 0)
        {
            throw fields.Error("num_key_value_heads", $"{kvHeads}", $"a divisor of num_attention_heads = {heads}");
        }

        int? givenHeadDim = fields.Count("head_dim") ?? (fields.Has("head_dim") ? null : defaults.HeadDim);
        if (givenHeadDim is null && dim % heads != 0)
        {
            throw fields.Error("hidden_size", $"{dim}", $"a multiple of num_attention_heads = {heads}");
        }

        int headDim = givenHeadDim ?? (dim / heads);
        if (headDim % 2 != 0 || headDim > 256)
        {
            throw fields.Error("head_dim", $"{headDim}", "an even number up to 256");
        }

        var (window, windows) = Windows(fields, defaults);
        bool scalesQueries = IsOfType(fields, HuggingFaceDefaults.Ministral3);
        var (theta, scaling, queryScaling) = HuggingFaceRope.Read(fields, headDim, scalesQueries);
        var config = new ModelConfig
        {
            VocabularySize = fields.RequiredCount("vocab_size"),
            Dim = dim,
            LayerCount = fields.RequiredCount("num_hidden_layers"),
            HeadCount = heads,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            FeedForwardDim = fields.RequiredCount("intermediate_size"),
            NormEpsilon = Epsilon(fields, defaults),
            RopeTheta = theta,
            RopeScaling = scaling,
            QueryScaling = queryScaling,
            MaxPositions = fields.Count("max_position_embeddings") ?? defaults.MaxPositions,
            TiedEmbeddings = (fields.Has("tie_word_embeddings") ? fields : whole).Flag("tie_word_embeddings"),
            SlidingWindow = window,
            LayerWindows = windows,
            EosIds = EosIds(fields, whole, generation),
        };
        CheckSizes(fields, config);
        return config;
    }

    /// <summary>The configuration of a multimodal model's text tower.</summary>
    private static JsonFields TextOf(JsonFields whole)
    {
        RefuseUnknown(whole, KnownMultimodal);
        RefuseQuantized(whole);
        return whole.Object(TextTower) ?? throw whole.Error(TextTower, "nothing", "an object");
    }

    private static bool IsOfType(JsonFields fields, string type) => fields.Text("model_type") == type;

    private static HuggingFaceDefaults DefaultsOf(JsonFields fields, bool isMultimodal)
    {
        // transformers reads a text tower without a type as Mistral's.
        string? type = fields.Text("model_type") ?? (isMultimodal ? HuggingFaceDefaults.Mistral : null);
        var types = isMultimodal ? HuggingFaceDefaults.Types : HuggingFaceDefaults.Types.Append(Multimodal);
        return HuggingFaceDefaults.Of(type) ?? throw fields.Error("model_type", type ?? "nothing", string.Join(" or ", types));
    }

    /// <summary>The ids that end a text: those of both files, or transformers' default if neither has the field.</summary>
    /// <param name="whole">The whole configuration of a multimodal model, or the same object as the fields of a text
    /// model.</param>
    private static ImmutableArray<int> EosIds(
        JsonFields fields, JsonFields whole, (ReadOnlyMemory<byte> Json, string File)? generation)
    {
        const string Field = "eos_token_id";
        int vocabulary = fields.RequiredCount("vocab_size");
        List<JsonFields> files = ReferenceEquals(whole, fields) ? [fields] : [fields, whole];
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
        RefuseUnknown(fields, Known);
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

        RefuseQuantized(fields);
        HuggingFaceRope.RequireNeutral(fields, "partial_rotary_factor");
    }

    private static void RefuseUnknown(JsonFields fields, HashSet<string> known)
    {
        foreach (var (name, value) in fields.All)
        {
            if (!known.Contains(name) && !Harmless.Contains(name))
            {
                throw fields.Error(name, value, "only fields of a dense Mistral; this one is unknown");
            }
        }
    }

    private static void RefuseQuantized(JsonFields fields)
    {
        foreach (string name in new[] { "quantization", "quantization_config" })
        {
            HuggingFaceQuantization.Require(fields, name);
        }
    }

    /// <summary>The window of all layers, or that of each layer if they differ.</summary>
    private static (int? All, ImmutableArray<int?> ByLayer) Windows(JsonFields fields, HuggingFaceDefaults defaults)
    {
        // Llama has no window in transformers, whatever its file states.
        if (IsOfType(fields, HuggingFaceDefaults.Llama))
        {
            return (null, []);
        }

        int? window = fields.Has("sliding_window") ? fields.Count("sliding_window") : defaults.Window;
        if (fields.Texts("layer_types") is not { } types)
        {
            return (window, []);
        }

        if (types.Count != fields.RequiredCount("num_hidden_layers")
            || types.Any(type => type != Full && (type != Sliding || window is null)))
        {
            throw fields.Error(
                "layer_types", fields.Find("layer_types")!.Value,
                $"{Full}{(window is null ? "" : $" or {Sliding}")} once for every layer, as sliding_window says");
        }

        return types.All(type => type == Full) ? (null, [])
            : types.All(type => type == Sliding) ? (window, [])
            : (null, [.. types.Select(type => type == Full ? null : window)]);
    }

    private static float Epsilon(JsonFields fields, HuggingFaceDefaults defaults)
    {
        float epsilon = (float)(fields.PositiveNumber("rms_norm_eps") ?? defaults.Epsilon);
        return epsilon > 0 && float.IsFinite(epsilon) ? epsilon : throw fields.Error(
            "rms_norm_eps", fields.Find("rms_norm_eps")!.Value, "a positive float32 number");
    }

    private static void CheckSizes(JsonFields fields, ModelConfig config)
    {
        // The rows and columns of every matrix must fit 32 bits, including stacked matrices.
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
