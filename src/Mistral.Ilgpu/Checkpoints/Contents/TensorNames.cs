namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>The canonical names of tensors and their names in each layout of checkpoints.</summary>
internal static class TensorNames
{
    public const string Embedding = "embedding";
    public const string Norm = "norm";
    public const string Output = "output";

    public static string AttentionNorm(int layer) => $"layers.{layer}.attention_norm";

    public static string Query(int layer) => $"layers.{layer}.attention.q";

    public static string Key(int layer) => $"layers.{layer}.attention.k";

    public static string Value(int layer) => $"layers.{layer}.attention.v";

    public static string AttentionOutput(int layer) => $"layers.{layer}.attention.output";

    public static string FeedForwardNorm(int layer) => $"layers.{layer}.feed_forward_norm";

    public static string Gate(int layer) => $"layers.{layer}.feed_forward.gate";

    public static string Up(int layer) => $"layers.{layer}.feed_forward.up";

    public static string Down(int layer) => $"layers.{layer}.feed_forward.down";

    /// <summary>Every tensor that a model of this configuration must have, in order of use, as Hugging Face names it.</summary>
    internal static IEnumerable<ExpectedTensor> HuggingFace(ModelConfig config)
    {
        int queries = config.HeadCount * config.HeadDim;
        int keys = config.KvHeadCount * config.HeadDim;
        yield return new(Embedding, "model.embed_tokens.weight", config.VocabularySize, config.Dim);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = $"model.layers.{i}.";
            yield return new(AttentionNorm(i), layer + "input_layernorm.weight", 1, config.Dim);
            yield return new(Query(i), layer + "self_attn.q_proj.weight", queries, config.Dim, config.HeadDim, config.HeadDim);
            yield return new(Key(i), layer + "self_attn.k_proj.weight", keys, config.Dim, config.HeadDim, config.HeadDim);
            yield return new(Value(i), layer + "self_attn.v_proj.weight", keys, config.Dim, RowsPerHead: config.HeadDim);
            yield return new(AttentionOutput(i), layer + "self_attn.o_proj.weight", config.Dim, queries);
            yield return new(FeedForwardNorm(i), layer + "post_attention_layernorm.weight", 1, config.Dim);
            yield return new(Gate(i), layer + "mlp.gate_proj.weight", config.FeedForwardDim, config.Dim);
            yield return new(Up(i), layer + "mlp.up_proj.weight", config.FeedForwardDim, config.Dim);
            yield return new(Down(i), layer + "mlp.down_proj.weight", config.Dim, config.FeedForwardDim);
        }

        yield return new(Norm, "model.norm.weight", 1, config.Dim);
        if (!config.TiedEmbeddings)
        {
            yield return new(Output, "lm_head.weight", config.VocabularySize, config.Dim);
        }
    }

    /// <summary>The same tensors in Mistral's own releases, where the rows of a rotary pair are neighbours as here.</summary>
    internal static IEnumerable<ExpectedTensor> Mistral(ModelConfig config) => HuggingFace(config).Select(tensor => tensor with
    {
        SourceName = MistralName(tensor.Name),
        SplitHeadDim = 0,
    });

    /// <summary>Maps a canonical name to Mistral's: layers.3.attention.q is layers.3.attention.wq.weight.</summary>
    internal static string MistralName(string name)
    {
        string[] parts = name.Split('.', 3);
        return parts[0] == "layers"
            ? $"layers.{parts[1]}.{MistralLayerNames[parts[2]]}.weight"
            : $"{(name == Embedding ? "tok_embeddings" : name)}.weight";
    }

    /// <summary>The same tensors in a GGUF file of the architecture llama, where the rows of a rotary pair are
    /// neighbours.</summary>
    internal static IEnumerable<ExpectedTensor> Gguf(ModelConfig config) => HuggingFace(config).Select(tensor => tensor with
    {
        SourceName = GgufName(tensor.Name),
        SplitHeadDim = 0,
    });

    /// <summary>Maps a canonical name to GGUF's: layers.3.attention.q is blk.3.attn_q.weight.</summary>
    internal static string GgufName(string name)
    {
        string[] parts = name.Split('.', 3);
        return parts[0] == "layers" ? $"blk.{parts[1]}.{GgufLayerNames[parts[2]]}.weight" : $"{GgufNames[name]}.weight";
    }

    private static readonly Dictionary<string, string> GgufNames = new()
    {
        [Embedding] = "token_embd",
        [Norm] = "output_norm",
        [Output] = "output",
    };

    private static readonly Dictionary<string, string> MistralLayerNames = new()
    {
        ["attention_norm"] = "attention_norm",
        ["attention.q"] = "attention.wq",
        ["attention.k"] = "attention.wk",
        ["attention.v"] = "attention.wv",
        ["attention.output"] = "attention.wo",
        ["feed_forward_norm"] = "ffn_norm",
        ["feed_forward.gate"] = "feed_forward.w1",
        ["feed_forward.up"] = "feed_forward.w3",
        ["feed_forward.down"] = "feed_forward.w2",
    };

    private static readonly Dictionary<string, string> GgufLayerNames = new()
    {
        ["attention_norm"] = "attn_norm",
        ["attention.q"] = "attn_q",
        ["attention.k"] = "attn_k",
        ["attention.v"] = "attn_v",
        ["attention.output"] = "attn_output",
        ["feed_forward_norm"] = "ffn_norm",
        ["feed_forward.gate"] = "ffn_gate",
        ["feed_forward.up"] = "ffn_up",
        ["feed_forward.down"] = "ffn_down",
    };
}
