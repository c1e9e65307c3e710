using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Cli;

/// <summary>The device memory that a model takes with given options, known without opening the device.</summary>
/// <param name="CacheBytes">The rings of all layers.</param>
/// <param name="ActivationBytes">All else that a pass works on.</param>
internal sealed record MemoryPlan(long WeightBytes, long CacheBytes, long ActivationBytes)
{
    public long TotalBytes => WeightBytes + CacheBytes + ActivationBytes;

    public static MemoryPlan Of(ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, DeviceInfo device) =>
        new(
            Weights(config, tensors, options, new LaunchPlan(device)),
            RotatingKvCache.BytesFor(config, options),
            MistralModel.PassBytes(device, config, options, options.ChunkOn(device)));

    private static long Weights(ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options, LaunchPlan launches)
    {
        int headDim = AttentionShape.Of(config, options.CacheType).PaddedHeadDim;
        long bytes = Stacked(_ => WeightLayout.Rows, TensorNames.Embedding) + Vector() + (config.TiedEmbeddings ? 0 : Matrix(TensorNames.Output));
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

        long Matrix(params string[] names) => Stacked(format => launches.LayoutOf(format, options.Activations), names);

        long Stacked(Func<TensorFormat, WeightLayout> layoutOf, params string[] names) =>
            ModelWeights.BandsOf(names.Select(name => tensors[name].WithHeadsOf(headDim)), options.WeightType).Sum(band =>
                WeightBand.SizeOf(band.Parts.Sum(part => (long)part.Rows), band.Parts[0].Columns, band.Format, layoutOf(band.Format)));
    }
}
