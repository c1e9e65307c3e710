using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>What the layers bind to when the graph is built.</summary>
public sealed record GraphInputs(KernelSet Kernels, Workspace Workspace, ModelWeights Weights, RotatingKvCache Cache);

/// <summary>
/// The transformer of Mistral 7B (arXiv 2310.06825), as the list of steps that every pass walks: embed; for each layer
/// norm, attention, norm, feed-forward; then norm and logits.
/// </summary>
public static class MistralGraph
{
    public static LayerGraph Build(ModelConfig config, GraphInputs inputs) => new(
    [
        .. Embedding(inputs),
        .. Enumerable.Range(0, config.LayerCount).SelectMany(layer => TransformerBlock(config, layer, inputs)),
        .. OutputHead(config, inputs),
    ]);

    private static IEnumerable<Step> Embedding(GraphInputs inputs)
    {
        yield return inputs.Kernels.Embed("embed", inputs.Weights.Embedding, inputs.Workspace.Hidden);
    }

    private static IEnumerable<Step> TransformerBlock(ModelConfig config, int layer, GraphInputs inputs)
    {
        var (kernels, a, w, cache) = (inputs.Kernels, inputs.Workspace, inputs.Weights.Layers[layer], inputs.Cache.Layers[layer]);
        var shape = a.Attention;
        string Named(string step) => $"layers.{layer}.{step}";

        yield return kernels.RmsNorm(Named("attention_norm"), a.Hidden, w.AttentionNorm, a.Normed, config.NormEpsilon, RowSet.Tokens, w.Qkv);
        yield return kernels.MatMul(Named("qkv"), w.Qkv, a.Normed, a.Qkv);
        yield return kernels.Attend(Named("attend"), a.Qkv, cache, a.Frequencies, a.Parts, a.AttendedHeads, shape, shape.IsPadded ? null : w.AttentionOutput);
        if (shape.IsPadded)
        {
            yield return kernels.NarrowHeads(Named("narrow_heads"), a.AttendedHeads, a.Attended, shape);
        }

        yield return kernels.MatMul(Named("attention_output"), w.AttentionOutput, a.Attended, a.Hidden, addToResidual: true);

        yield return kernels.RmsNorm(Named("feed_forward_norm"), a.Hidden, w.FeedForwardNorm, a.Normed, config.NormEpsilon, RowSet.Tokens, w.GateUp);
        yield return kernels.SwiGlu(Named("swiglu"), w.GateUp, a.Normed, a.GateUp, a.Activated, w.Down);
        yield return kernels.MatMul(Named("down"), w.Down, a.Activated, a.Hidden, addToResidual: true);
    }

    private static IEnumerable<Step> OutputHead(ModelConfig config, GraphInputs inputs)
    {
        var (kernels, a, w) = (inputs.Kernels, inputs.Workspace, inputs.Weights);
        yield return kernels.RmsNorm("norm", a.Hidden, w.Norm, a.Final, config.NormEpsilon, RowSet.Logits, w.Output);
        yield return kernels.MatMul("output", w.Output, a.Final, a.Logits, RowSet.Logits);
    }
}

/// <summary>The ordered steps of a model; running, profiling and checking it are ways of walking them.</summary>
public sealed class LayerGraph(IReadOnlyList<Step> steps)
{
    public IReadOnlyList<Step> Steps { get; } = steps;

    /// <summary>What all steps move and compute in a pass.</summary>
    public StepCost Cost(Pass pass) => Steps.Select(step => step.Cost(pass)).Aggregate((all, one) => all + one);
}
