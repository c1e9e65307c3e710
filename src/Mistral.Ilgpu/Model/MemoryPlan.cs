using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The device memory that a model takes with given options, known without opening the device. Adapters are not in
/// it.</summary>
/// <param name="CacheBytes">The rings of all layers.</param>
/// <param name="ActivationBytes">All else that a pass works on.</param>
/// <param name="Chunk">Most tokens of a prompt in one pass.</param>
internal sealed record MemoryPlan(long WeightBytes, long CacheBytes, long ActivationBytes, int Chunk)
{
    // A chunk gets no shorter than this to make room.
    private const int LeastChunk = 16;

    // Shorter texts would help nobody.
    private const int LeastContext = 128;

    public long TotalBytes => long.CreateSaturating((Int128)WeightBytes + CacheBytes + ActivationBytes);

    /// <summary>What a model takes where it is loaded with so much memory: what was not asked for in so many words gives way to
    /// it.</summary>
    /// <param name="config">As the options change it, see <see cref="ModelOptions.Adapt"/>.</param>
    /// <param name="availableBytes">Null for the device's memory.</param>
    public static MemoryPlan Of(
        ModelConfig config,
        IReadOnlyDictionary<string, CheckpointTensor> tensors,
        ModelOptions options,
        DeviceInfo device,
        long? availableBytes = null) => Fit(config, tensors, options, device, availableBytes ?? device.MemoryBytes).Memory;

    /// <summary>Fits a model into what is available.</summary>
    /// <exception cref="ModelMemoryException">It does not fit.</exception>
    /// <returns>Its memory, the options as they were fitted, and its plan with them.</returns>
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
            ({ }, { }) => FormattableString.Invariant($"weights in {type.Value.ShortName()} or a context of {context} tokens would fit"),
            ({ }, null) => $"weights in {type.Value.ShortName()} would fit",
            (null, { }) => FormattableString.Invariant($"a context of {context} tokens would fit"),
            _ => "neither smaller weights nor a shorter context alone would do",
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

    // First the chunk gives way, then the cache of many texts, which then wait for each other.
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

    // The largest of those that are smaller than what was asked for.
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
