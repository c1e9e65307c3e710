using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The transformer of Mistral 7B (arXiv 2310.06825) as a plan: embedding, layers, norm, logits. Each layer is norm, attention,
/// norm, feed-forward. The structure of a model is defined only here.
/// </summary>
/// <param name="shape">The heads in their layout on the device.</param>
/// <param name="weights">The formats of the weights.</param>
/// <param name="caches">The cache of each layer.</param>
internal sealed class MistralGraph(ModelConfig config, AttentionShape shape, WeightFormats weights, IReadOnlyList<KvPlan> caches)
{
    // All layers share the same activations.
    private readonly ActivationPlan _hidden = new("hidden", config.Dim, RowSet.Tokens);
    private readonly ActivationPlan _normed = new("normed", config.Dim, RowSet.Tokens);
    private readonly ActivationPlan _qkv = new("qkv", shape.QkvColumns, RowSet.Tokens);
    private readonly ActivationPlan _attended = new("attended", shape.OutputColumns, RowSet.Tokens);
    private readonly ActivationPlan _attendedHeads = new(
        shape.IsPadded ? "attended_heads" : "attended", shape.AttendedColumns, RowSet.Tokens);
    private readonly ActivationPlan _gateUp = new("gate_up", 2 * config.FeedForwardDim, RowSet.Tokens);
    private readonly ActivationPlan _activated = new("activated", config.FeedForwardDim, RowSet.Tokens);
    private readonly ActivationPlan _final = new("final", config.Dim, RowSet.Logits);
    private readonly ActivationPlan _logits = new("logits", config.VocabularySize, RowSet.Logits);

    /// <summary>The plan of a checkpoint on a device.</summary>
    /// <param name="config">The configuration after <see cref="ModelOptions.Adapt"/>.</param>
    public static ModelPlan PlanOf(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, DeviceInfo device) =>
        new MistralGraph(
            config,
            AttentionShape.Of(config, options.CacheType),
            WeightFormats.On(Family.Of(device), options.Activations, name => tensors[name].FormatAs(options.WeightType)),
            RotatingKvCache.Plan(config, options)).Plan();

    /// <summary>The number of weights of a model, embeddings included.</summary>
    public static long ParameterCountOf(ModelConfig config) => new MistralGraph(
        config,
        // Heads without padding.
        new AttentionShape(config.HeadCount, config.KvHeadCount, config.HeadDim, config.HeadDim),
        new WeightFormats(_ => TensorFormat.Float32, _ => WeightLayout.Rows, (_, _) => WeightLayout.Rows),
        RotatingKvCache.Plan(config, new ModelOptions())).Plan().ParameterCount;

    public ModelPlan Plan()
    {
        var embedding = weights.Table(config.Dim, config.TiedEmbeddings, TensorNames.Embedding, config.VocabularySize);
        var output = config.TiedEmbeddings
            ? embedding
            : weights.Matrix(config.Dim, (TensorNames.Output, config.VocabularySize));
        return new ModelPlan(
            [
                new Embed("embed", embedding, _hidden),
                .. Enumerable.Range(0, config.LayerCount).SelectMany(TransformerBlock),
                new Norm("norm", _hidden, new VectorPlan(TensorNames.Norm, config.Dim), _final, config.NormEpsilon),
                new Product("output", _final, output, _logits),
            ],
            new Choose("choose", _logits));
    }

    private IEnumerable<Operation> TransformerBlock(int layer)
    {
        var w = new LayerWeights(config, shape, weights, layer);
        string Named(string operation) => $"layers.{layer}.{operation}";

        yield return new Norm(Named("attention_norm"), _hidden, w.AttentionNorm, _normed, config.NormEpsilon);
        yield return new Product(Named("qkv"), _normed, w.Qkv, _qkv);
        yield return new Attend(Named("attend"), _qkv, caches[layer], _attendedHeads, shape);
        if (shape.IsPadded)
        {
            yield return new Narrow(Named("narrow_heads"), _attendedHeads, _attended, shape);
        }

        yield return new Product(Named("attention_output"), _attended, w.AttentionOutput, _hidden, AddsToResidual: true);

        yield return new Norm(Named("feed_forward_norm"), _hidden, w.FeedForwardNorm, _normed, config.NormEpsilon);
        yield return new GatedProduct(Named("swiglu"), _normed, w.GateUp, _gateUp, _activated);
        yield return new Product(Named("down"), _activated, w.Down, _hidden, AddsToResidual: true);
    }

    // Queries, keys and values are stacked, as are gate and up, so that one product computes what is used together.
    private sealed class LayerWeights(ModelConfig config, AttentionShape shape, WeightFormats weights, int layer)
    {
        public VectorPlan AttentionNorm { get; } = new(TensorNames.AttentionNorm(layer), config.Dim);

        public MatrixPlan Qkv { get; } = weights.Matrix(
            config.Dim,
            (TensorNames.Query(layer), shape.AttendedColumns),
            (TensorNames.Key(layer), shape.KvColumns),
            (TensorNames.Value(layer), shape.KvColumns));

        public MatrixPlan AttentionOutput { get; } =
            weights.Matrix(shape.OutputColumns, (TensorNames.AttentionOutput(layer), config.Dim));

        public VectorPlan FeedForwardNorm { get; } = new(TensorNames.FeedForwardNorm(layer), config.Dim);

        public MatrixPlan GateUp { get; } = weights.Matrix(
            config.Dim,
            (TensorNames.Gate(layer), config.FeedForwardDim), (TensorNames.Up(layer), config.FeedForwardDim));

        public MatrixPlan Down { get; } = weights.Matrix(
            config.FeedForwardDim, (TensorNames.Down(layer), config.Dim));
    }
}
