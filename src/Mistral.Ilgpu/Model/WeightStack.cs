using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Model;

/// <summary>Tensors whose rows lie one under the other on the device, so that one product makes what is used together.</summary>
/// <param name="IsVector">Held as float32 elements, whatever it is stored as.</param>
/// <param name="IsLookedUp">Held in plain rows, because single rows are looked up.</param>
internal sealed record WeightStack(IReadOnlyList<string> Names, bool IsVector = false, bool IsLookedUp = false)
{
    public static WeightStack Embedding { get; } = new([TensorNames.Embedding], IsLookedUp: true);

    public static WeightStack Norm { get; } = Vector(TensorNames.Norm);

    public static WeightStack Output { get; } = new([TensorNames.Output]);

    public static WeightStack AttentionNorm(int layer) => Vector(TensorNames.AttentionNorm(layer));

    public static WeightStack Qkv(int layer) => new([TensorNames.Query(layer), TensorNames.Key(layer), TensorNames.Value(layer)]);

    public static WeightStack AttentionOutput(int layer) => new([TensorNames.AttentionOutput(layer)]);

    public static WeightStack FeedForwardNorm(int layer) => Vector(TensorNames.FeedForwardNorm(layer));

    public static WeightStack GateUp(int layer) => new([TensorNames.Gate(layer), TensorNames.Up(layer)]);

    public static WeightStack Down(int layer) => new([TensorNames.Down(layer)]);

    /// <summary>All of a model.</summary>
    public static IEnumerable<WeightStack> Of(ModelConfig config) =>
    [
        Embedding,
        .. Enumerable.Range(0, config.LayerCount).SelectMany(layer => new[]
        {
            AttentionNorm(layer), Qkv(layer), AttentionOutput(layer), FeedForwardNorm(layer), GateUp(layer), Down(layer),
        }),
        Norm,
        .. config.TiedEmbeddings ? Array.Empty<WeightStack>() : [Output],
    ];

    /// <summary>The bands that matrices come in, neighbours of one format together, each with its layout and its bytes.</summary>
    public IReadOnlyList<WeightStackBand> Bands(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, LaunchPlan launches)
    {
        int headDim = AttentionShape.Of(config, options.CacheType).PaddedHeadDim;
        var bands = new List<(TensorFormat Format, List<CheckpointTensor> Tensors)>();
        foreach (string name in Names)
        {
            var tensor = tensors[name].WithHeadsOf(headDim);
            var format = tensor.FormatAs(options.WeightType);
            if (bands.Count == 0 || bands[^1].Format != format)
            {
                bands.Add((format, []));
            }

            bands[^1].Tensors.Add(tensor);
        }

        return [.. bands.Select(band => new WeightStackBand(band.Format, band.Tensors, LayoutOf(band.Format)))];

        WeightLayout LayoutOf(TensorFormat format) => IsLookedUp ? WeightLayout.Rows : launches.LayoutOf(format, options.Activations);
    }

    /// <summary>Device bytes.</summary>
    public long BytesOf(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, LaunchPlan launches) => IsVector
        ? Names.Sum(name => TensorFormat.Float32.BytesOf(tensors[name].Columns))
        : Bands(config, tensors, options, launches).Sum(band => band.Bytes);

    private static WeightStack Vector(string name) => new([name], IsVector: true);
}

/// <summary>Neighbours of a stack in one format.</summary>
internal sealed record WeightStackBand(TensorFormat Format, IReadOnlyList<CheckpointTensor> Tensors, WeightLayout Layout)
{
    public int Rows => Tensors.Sum(tensor => tensor.Rows);

    public int Columns => Tensors[0].Columns;

    public long Bytes => WeightBand.SizeOf(Rows, Columns, Format, Layout);
}
