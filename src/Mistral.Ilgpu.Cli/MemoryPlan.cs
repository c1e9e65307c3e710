using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli;

/// <summary>The device memory that a model takes with given options, known without a device.</summary>
/// <param name="CacheBytes">The rings of all layers.</param>
/// <param name="ActivationBytes">All else that a pass works on.</param>
internal sealed record MemoryPlan(long WeightBytes, long CacheBytes, long ActivationBytes)
{
    public long TotalBytes => WeightBytes + CacheBytes + ActivationBytes;

    public static MemoryPlan Of(ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options) =>
        new(Weights(config, tensors, options.WeightType), Cache(config, options), Activations(config, options));

    private static long Weights(ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, TensorFormat? type)
    {
        long bytes = Matrix(TensorNames.Embedding) + Vector() + (config.TiedEmbeddings ? 0 : Matrix(TensorNames.Output));
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            bytes += (2 * Vector())
                + Matrix(TensorNames.Query(layer), TensorNames.Key(layer), TensorNames.Value(layer))
                + Matrix(TensorNames.AttentionOutput(layer))
                + Matrix(TensorNames.Gate(layer), TensorNames.Up(layer))
                + Matrix(TensorNames.Down(layer));
        }

        return bytes;

        long Vector() => (long)config.Dim * TensorFormat.Float32.BytesPerElement();

        long Matrix(params string[] names) => ModelWeights.BandsOf(names.Select(name => tensors[name]), type).Sum(band =>
            WeightBand.SizeInBytes(band.Parts.Sum(part => (long)part.Rows), band.Parts[0].Columns, band.Format));
    }

    private static long Quantized(int columns) =>
        columns % BlockRun.Length == 0 ? columns + (4L * sizeof(float) * columns / BlockRun.Length) : 0;

    private static long TokenBytes(ModelConfig config, ModelOptions options) =>
        2L * config.KvHeadCount * config.HeadDim * options.CacheType.BytesPerElement();

    private static long Cache(ModelConfig config, ModelOptions options)
    {
        int? context = MistralModel.ContextOf(config, options);
        return Enumerable.Range(0, config.LayerCount).Sum(layer => (long)RotatingKvCache.Slots(config, layer, context))
            * TokenBytes(config, options);
    }

    private static long Activations(ModelConfig config, ModelOptions options)
    {
        var shape = new AttentionShape(config.HeadCount, config.KvHeadCount, config.HeadDim);
        int[] columns =
        [
            config.Dim, config.Dim, shape.QkvColumns, shape.Heads * shape.HeadDim, 2 * config.FeedForwardDim, config.FeedForwardDim,
        ];
        long rows = (options.Chunk * columns.Sum(column => (long)Padding.Pad(column)))
            + Padding.Pad(config.Dim) + Padding.Pad(config.VocabularySize);
        // Inputs of matrix products are kept in eight bits too, with four floats for each 32.
        int[] inputs = [config.Dim, shape.Heads * shape.HeadDim, config.FeedForwardDim];
        long quantized = (options.Chunk * inputs.Sum(Quantized)) + Quantized(config.Dim);
        long state = StepState.Ids + options.Chunk + 1;
        long frequencies = config.HeadDim / 2 * sizeof(ulong);
        return (rows * sizeof(float)) + quantized + (state * sizeof(int)) + frequencies + (options.Chunk * TokenBytes(config, options));
    }
}
