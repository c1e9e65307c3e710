using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>How a model comes to a device, and what of it fits there.</summary>
public sealed partial class MistralModel
{
    /// <summary>Puts the checkpoint's weights on the device and builds the graph.</summary>
    /// <exception cref="ModelFileException">The checkpoint's weights are not usable.</exception>
    /// <exception cref="DeviceException">The model does not fit the device, or the device computes wrongly.</exception>
    public static MistralModel Load(
        Checkpoint checkpoint,
        Device device,
        ModelOptions? options = null,
        IProgress<TensorProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new ModelOptions();
        var formats = checkpoint.Tensors.Values.Where(tensor => tensor.Rows > 1).Select(tensor => tensor.FormatAs(options.WeightType));
        SelfTest.Run(device, formats, options.CacheType, options.Activations);
        return LoadUntested(checkpoint, device, options, progress, cancellation);
    }

    internal static MistralModel LoadUntested(
        Checkpoint checkpoint, Device device, ModelOptions options, IProgress<TensorProgress>? progress, CancellationToken cancellation)
    {
        var weights = ModelWeights.Load(device, checkpoint, options, progress, cancellation);
        try
        {
            return new MistralModel(device, options.Adapt(checkpoint.Config), options, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The context that a model gets with these options.</summary>
    public static int? ContextOf(ModelConfig config, ModelOptions options)
    {
        bool windowed = Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is not null);
        return options.Context ?? (windowed ? null : Math.Min(config.MaxPositions, ModelOptions.DefaultContext));
    }

    // What was not asked for in so many words gives way to the memory there is: first the chunk, then the cache of many texts, which
    // then wait for each other.
    private static (ModelOptions Options, int Chunk) Fit(Device device, ModelConfig config, ModelOptions options)
    {
        const int Least = 16;
        long one = RotatingKvCache.BytesFor(config, options with { Sequences = 1 });
        int chunk = options.ChunkOn(device.Info);
        while (options.Chunk is null && chunk > Least && one + PassBytes(device.Info, config, options, chunk) > device.AvailableBytes)
        {
            chunk /= 2;
        }

        long left = Math.Max(one, device.AvailableBytes - PassBytes(device.Info, config, options, chunk));
        return (options.CacheBytes is null && left < RotatingKvCache.FullBytes(config, options) ? options with { CacheBytes = left } : options, chunk);
    }

    /// <summary>Device bytes that passes work on, beside weights and cache.</summary>
    public static long PassBytes(DeviceInfo device, ModelConfig config, ModelOptions options, int chunk) =>
        Workspace.SizeInBytes(device, config, options, options.RowsFor(chunk), options.LogitRowsFor(chunk))
            + RotatingKvCache.WorkBytes(config, options, options.RowsFor(chunk));
}
