using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The device memory of a model with given options, computed without opening the device. Adapters are not included.
/// </summary>
/// <param name="CacheBytes">The rings of all layers.</param>
/// <param name="ActivationBytes">All other memory of passes.</param>
/// <param name="Chunk">The most tokens of a prompt in one pass.</param>
internal sealed record MemoryPlan(long WeightBytes, long CacheBytes, long ActivationBytes, int Chunk)
{
    // The least length to which a chunk is reduced.
    private const int LeastChunk = 16;

    // A shorter context is not worth suggesting.
    private const int LeastContext = 128;

    public long TotalBytes => long.CreateSaturating((Int128)WeightBytes + CacheBytes + ActivationBytes);

    /// <summary>
    /// The memory of a model that is loaded with this much memory available. Sizes that the options do not specify are reduced
    /// to fit.
    /// </summary>
    /// <param name="config">The configuration after <see cref="ModelOptions.Adapt"/>.</param>
    /// <param name="availableBytes">The available memory; null for the device's memory.</param>
    public static MemoryPlan Of(
        ModelConfig config,
        IReadOnlyDictionary<string, CheckpointTensor> tensors,
        ModelOptions options,
        DeviceInfo device,
        long? availableBytes = null) => Fit(config, tensors, options, device, availableBytes ?? device.MemoryBytes).Memory;

    /// <summary>Fits a model into the available memory.</summary>
    /// <exception cref="ModelMemoryException">The model does not fit.</exception>
    /// <returns>The memory, the options as fitted, and the plan with these options.</returns>
    internal static (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) Require(
        Checkpoint checkpoint, ModelOptions options, DeviceInfo device, long availableBytes)
    {
        var config = options.Adapt(checkpoint.Config);
        var fitted = Fit(config, checkpoint.Tensors, options, device, availableBytes);
        return fitted.Memory.TotalBytes <= availableBytes
            ? fitted
            : throw fitted.Memory.Excess(
                checkpoint.Name, device.Id, availableBytes,
                TypeThatFits(checkpoint, options, device, availableBytes),
                ContextThatFits(checkpoint, options, device, availableBytes));
    }

    private ModelMemoryException Excess(string model, string device, long available, TensorFormat? type, int? context)
    {
        string help = (type, context) switch
        {
            ({ }, { }) => FormattableString.Invariant(
                $"weights in {type.Value.ShortName()} or a context of {context} tokens would fit"),
            ({ }, null) => $"weights in {type.Value.ShortName()} would fit",
            (null, { }) => FormattableString.Invariant($"a context of {context} tokens would fit"),
            _ => "neither smaller weights nor a shorter context alone would be enough",
        };
        return new ModelMemoryException(FormattableString.Invariant(
            $"{model} does not fit device {device}: it needs {TotalBytes:N0} bytes (weights {WeightBytes:N0}, cache {
                CacheBytes:N0}, activations {ActivationBytes:N0}), and {available:N0} are available; {help}"))
        {
            Model = model, Device = device, AvailableBytes = available,
            WeightBytes = WeightBytes, CacheBytes = CacheBytes, ActivationBytes = ActivationBytes,
            FittingType = type, FittingContext = context,
        };
    }

    // Reduces the chunk first, then the cache of many texts, which then wait for each other.
    private static (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) Fit(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors,
        ModelOptions options, DeviceInfo device, long availableBytes)
    {
        var plan = MistralGraph.PlanOf(config, tensors, options, device);
        long weights = plan.WeightBytes;
        Int128 available = (Int128)availableBytes - weights;
        long one = RotatingKvCache.BytesFor(config, options with { Sequences = 1 });
        int chunk = options.ChunkOn(device);
        while (options.Chunk is null && chunk > LeastChunk && (Int128)one + PassBytes(chunk) > available)
        {
            chunk /= 2;
        }

        long left = long.CreateSaturating(Int128.Max(one, available - PassBytes(chunk)));
        if (options.CacheBytes is null && left < RotatingKvCache.FullBytes(config, options))
        {
            options = options with { CacheBytes = left };
        }

        return (new MemoryPlan(weights, RotatingKvCache.BytesFor(config, options), PassBytes(chunk), chunk), options, plan);

        long PassBytes(int tokens) => MistralModel.PassBytes(device, plan, config, options, tokens);
    }

    // The largest type that fits. It is smaller than the requested one, which does not fit.
    private static TensorFormat? TypeThatFits(
        Checkpoint checkpoint, ModelOptions options, DeviceInfo device, long availableBytes) =>
        TensorFormatExtensions.Encodable
            .Select(type => (
                Type: type,
                Plan: Of(
                    options.Adapt(checkpoint.Config), checkpoint.Tensors, options with { WeightType = type }, device,
                    availableBytes)))
            .Where(one => one.Plan.TotalBytes <= availableBytes)
            .OrderByDescending(one => one.Plan.WeightBytes)
            .Select(one => (TensorFormat?)one.Type)
            .FirstOrDefault();

    private static int? ContextThatFits(Checkpoint checkpoint, ModelOptions options, DeviceInfo device, long availableBytes)
    {
        var config = options.Adapt(checkpoint.Config);
        int fits = 0;
        int longest = RotatingKvCache.Rings(config, options).Max();
        for (int step = 1 << 30; step > 0; step /= 2)
        {
            if (fits + (long)step < longest
                && Of(config, checkpoint.Tensors, options with { Context = fits + step }, device, availableBytes).TotalBytes
                    <= availableBytes)
            {
                fits += step;
            }
        }

        return fits >= LeastContext ? fits : null;
    }
}
