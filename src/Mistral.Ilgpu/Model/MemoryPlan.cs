using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The device memory of a model with given options, computed without opening the device. Adapters are not included.
/// </summary>
/// <param name="Residency">The layers whose weights stay on the device, and those that are streamed.</param>
/// <param name="CacheBytes">The rings of all layers.</param>
/// <param name="ActivationBytes">All other memory of passes.</param>
/// <param name="Chunk">The most tokens of a prompt in one pass.</param>
internal sealed record MemoryPlan(Residency Residency, long CacheBytes, long ActivationBytes, int Chunk)
{
    // The least length to which a chunk is reduced.
    private const int LeastChunk = 16;

    // A shorter context is not worth suggesting.
    private const int LeastContext = 128;

    // The part of a device that the cache of many texts may take from layers.
    private const int CacheShare = 4;

    /// <summary>The weights on the device, with the slots of those that are streamed.</summary>
    public long WeightBytes => Residency.DeviceBytes;

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
    /// <param name="mayStream">Whether layers may be streamed to make it fit.</param>
    /// <exception cref="ModelMemoryException">The model does not fit.</exception>
    /// <returns>The memory, the options as fitted, and the plan with these options.</returns>
    internal static (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) Require(
        Checkpoint checkpoint, ModelOptions options, DeviceInfo device, long availableBytes, bool mayStream = true)
    {
        var config = options.Adapt(checkpoint.Config);
        var fitted = Fit(config, checkpoint.Tensors, options, device, availableBytes, mayStream);
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

    // Reduces the chunk first, then the cache of many texts, which then wait for each other, then the layers on the device.
    private static (MemoryPlan Memory, ModelOptions Options, ModelPlan Plan) Fit(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors,
        ModelOptions options, DeviceInfo device, long availableBytes, bool mayStream = true)
    {
        var plan = MistralGraph.PlanOf(config, tensors, options, device);
        long one = RotatingKvCache.BytesFor(config, options with { Sequences = 1 });
        long full = RotatingKvCache.FullBytes(config, options);
        long mostBesideLayers = Math.Max(one, availableBytes / CacheShare);
        var residency = options.StreamedLayers is int least ? Residency.Of(plan, least) : Residency.Whole(plan);
        if (ChunkWith(residency) is not { } chunk)
        {
            chunk = options.Chunk ?? LeastChunk;
            if (mayStream)
            {
                chunk = ChunkWith(Residency.Within(plan, 0)) ?? chunk;
                residency = Streaming(chunk);
            }
        }

        long left = Math.Max(one, Left(chunk, residency.DeviceBytes));
        if (residency.Streamed.Count > 0)
        {
            left = Math.Min(left, mostBesideLayers);
        }

        if (options.CacheBytes is null && left < full)
        {
            options = options with { CacheBytes = left };
        }

        return (new MemoryPlan(residency, RotatingKvCache.BytesFor(config, options), PassBytes(chunk), chunk), options, plan);

        // As many layers stay as fit beside the cache of many texts, if any do, and else beside that of one.
        Residency Streaming(int chunk)
        {
            long left = Left(chunk, options.CacheBytes ?? Math.Min(full, mostBesideLayers));
            var residency = Residency.Within(plan, left);
            return residency.DeviceBytes <= left ? residency : Residency.Within(plan, Left(chunk, one));
        }

        // The longest chunk that fits; null if none does. One that the options ask for is not reduced.
        int? ChunkWith(Residency residency)
        {
            int chunk = options.ChunkOn(device);
            while (options.Chunk is null && chunk > LeastChunk && Left(chunk, residency.DeviceBytes) < one)
            {
                chunk /= 2;
            }

            return Left(chunk, residency.DeviceBytes) < one ? null : chunk;
        }

        long Left(int tokens, long taken) =>
            long.CreateSaturating((Int128)availableBytes - taken - PassBytes(tokens));

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
