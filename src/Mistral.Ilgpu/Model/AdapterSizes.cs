using Mistral.Ilgpu.Checkpoints.Lora;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The device memory of the adapters that a model is loaded with, from the shapes of their tensors.</summary>
internal sealed class AdapterSizes
{
    private readonly IReadOnlyDictionary<string, CheckpointTensor> _tensors;
    private readonly int _headDim;

    // For each adapter: the pairs that it has, by the tensor that each changes.
    private readonly List<IReadOnlyDictionary<string, LoraPair>> _adapters = [];

    /// <param name="config">The configuration after <see cref="ModelOptions.Adapt"/>.</param>
    /// <exception cref="ModelFileException">An adapter is missing, damaged, or does not fit the model.</exception>
    public AdapterSizes(ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options)
    {
        (_tensors, _headDim) = (tensors, AttentionShape.Of(config, options.CacheType).PaddedHeadDim);
        foreach (var adapter in options.Adapters ?? [])
        {
            using var opened = LoraAdapter.Open(adapter.Path, config);
            _adapters.Add(opened.Pairs);
        }
    }

    /// <summary>The bytes beside the weights of a plan.</summary>
    /// <param name="rows">The most tokens in one pass.</param>
    public long BytesFor(ModelPlan plan, int rows) => sizeof(float) * _adapters.Sum(pairs =>
    {
        var changed = plan.Weights.OfType<MatrixPlan>().SelectMany(matrix => matrix.Bands).SelectMany(band => band.Names)
            .Where(pairs.ContainsKey).Select(name => (Name: name, Pair: pairs[name])).ToList();
        // Those of the same rank share the activations between A and B.
        return changed.Sum(one => ValuesOf(one.Name, one.Pair))
            + changed.Select(one => one.Pair.A.Rows).Distinct().Sum(rank => (long)rows * Padding.Pad(rank));
    });

    private long ValuesOf(string name, LoraPair pair)
    {
        int rowsOfB = pair.B.WithHeadsOf(_tensors[name].WithHeadsOf(_headDim).RowsPerHead).Rows;
        return ((long)pair.A.Rows * Padding.Pad(pair.A.Columns)) + ((long)rowsOfB * Padding.Pad(pair.B.Columns));
    }
}
