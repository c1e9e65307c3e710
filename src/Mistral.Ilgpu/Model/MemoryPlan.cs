using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// The device memory of a model with given options, computed without opening the devices.
/// </summary>
/// <param name="Parts">The memory on each device, in the order of the layers.</param>
/// <param name="Chunk">The most tokens of a prompt in one pass.</param>
internal sealed record MemoryPlan(IReadOnlyList<PartMemory> Parts, int Chunk)
{
    // A shorter context is not worth suggesting.
    private const int LeastContext = 128;

    public long WeightBytes => Parts.Sum(part => part.WeightBytes);

    public long CacheBytes => Sum(part => part.CacheBytes);

    public long ActivationBytes => Sum(part => part.ActivationBytes);

    public long AdapterBytes => Sum(part => part.AdapterBytes);

    public long TotalBytes => Sum(part => part.TotalBytes);

    /// <summary>Whether each device has the memory.</summary>
    public bool Fits => Parts.All(part => part.Fits);

    /// <summary>
    /// The memory of a model that is loaded to one device with this much memory available. Sizes that the options do not specify
    /// are reduced to fit.
    /// </summary>
    /// <param name="config">The configuration after <see cref="ModelOptions.Adapt"/>.</param>
    /// <param name="availableBytes">The available memory; null for the device's memory.</param>
    public static MemoryPlan Of(
        ModelConfig config,
        IReadOnlyDictionary<string, CheckpointTensor> tensors,
        ModelOptions options,
        DeviceInfo device,
        long? availableBytes = null) =>
        Of(config, tensors, options, [new DeviceRoom(device, availableBytes ?? device.MemoryBytes)]);

    /// <summary>The memory of a model that is loaded to several devices.</summary>
    public static MemoryPlan Of(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options,
        IReadOnlyList<DeviceRoom> devices) => MemoryFit.Of(config, tensors, options, devices).Memory;

    /// <summary>Fits a model into the available memory.</summary>
    /// <param name="mayStream">Whether layers may be streamed to make it fit.</param>
    /// <exception cref="ModelMemoryException">The model does not fit.</exception>
    /// <exception cref="DeviceException">There are more devices than layers.</exception>
    /// <returns>The memory, and the options as fitted.</returns>
    internal static (MemoryPlan Memory, ModelOptions Options) Require(
        Checkpoint checkpoint, ModelOptions options, IReadOnlyList<DeviceRoom> devices, bool mayStream = true)
    {
        var config = options.Adapt(checkpoint.Config);
        var fitted = MemoryFit.Of(config, checkpoint.Tensors, options, devices, mayStream);
        return fitted.Memory.Parts.FirstOrDefault(part => !part.Fits) is { } excess
            ? throw Excess(
                checkpoint.Name, excess, TypeThatFits(checkpoint, options, devices),
                ContextThatFits(checkpoint, options, devices))
            : fitted;
    }

    private static ModelMemoryException Excess(string model, PartMemory part, TensorFormat? type, int? context)
    {
        string help = (type, context) switch
        {
            ({ }, { }) => FormattableString.Invariant(
                $"weights in {type.Value.ShortName()} or a context of {context} tokens would fit"),
            ({ }, null) => $"weights in {type.Value.ShortName()} would fit",
            (null, { }) => FormattableString.Invariant($"a context of {context} tokens would fit"),
            _ => "neither smaller weights nor a shorter context alone would be enough",
        };
        var (device, available, _) = part.Room;
        return new ModelMemoryException(FormattableString.Invariant(
            $"{model} does not fit device {device.Id}: it needs {part.TotalBytes:N0} bytes (weights {
                part.WeightBytes:N0}, cache {part.CacheBytes:N0}, activations {part.ActivationBytes:N0}{Adapters(part)}), and {
                available:N0} are available; {help}"))
        {
            Model = model, Device = device.Id, AvailableBytes = available,
            WeightBytes = part.WeightBytes, CacheBytes = part.CacheBytes, ActivationBytes = part.ActivationBytes,
            FittingType = type, FittingContext = context,
        };
    }

    private static string Adapters(PartMemory part) =>
        part.AdapterBytes > 0 ? FormattableString.Invariant($", adapters {part.AdapterBytes:N0}") : "";

    // The largest type that fits. It is smaller than the requested one, which does not fit.
    private static TensorFormat? TypeThatFits(
        Checkpoint checkpoint, ModelOptions options, IReadOnlyList<DeviceRoom> devices) =>
        TensorFormatExtensions.Encodable
            .Select(type => (
                Type: type,
                Plan: Of(
                    options.Adapt(checkpoint.Config), checkpoint.Tensors, options with { WeightType = type }, devices)))
            .Where(one => one.Plan.Fits)
            .OrderByDescending(one => one.Plan.WeightBytes)
            .Select(one => (TensorFormat?)one.Type)
            .FirstOrDefault();

    private static int? ContextThatFits(Checkpoint checkpoint, ModelOptions options, IReadOnlyList<DeviceRoom> devices)
    {
        var config = options.Adapt(checkpoint.Config);
        int fits = 0;
        int longest = RotatingKvCache.Rings(config, options).Max();
        for (int step = 1 << 30; step > 0; step /= 2)
        {
            if (fits + (long)step < longest
                && Of(config, checkpoint.Tensors, options with { Context = fits + step }, devices).Fits)
            {
                fits += step;
            }
        }

        return fits >= LeastContext ? fits : null;
    }

    private long Sum(Func<PartMemory, long> bytes) =>
        long.CreateSaturating(Parts.Aggregate(Int128.Zero, (sum, part) => sum + bytes(part)));
}
