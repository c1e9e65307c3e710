namespace Mistral.Ilgpu.Model;

/// <summary>A model does not fit the memory there is, which is found before any of it is loaded.</summary>
public sealed class ModelMemoryException(string model, string device, MemoryPlan plan, long availableBytes) : DeviceException("")
{
    public string Model { get; } = model;

    /// <summary>As the command line names it.</summary>
    public string Device { get; } = device;

    public MemoryPlan Plan { get; } = plan;

    public long AvailableBytes { get; } = availableBytes;

    /// <summary>The largest type of weights with which it would fit; null where none would do alone.</summary>
    public TensorFormat? FittingType { get; init; }

    /// <summary>The longest context, in tokens, with which it would fit; null where none would do alone.</summary>
    public int? FittingContext { get; init; }

    public override string Message => FormattableString.Invariant(
        $"{Model} does not fit device {Device}: it needs {Plan.TotalBytes:N0} bytes (weights {Plan.WeightBytes:N0}, cache {
            Plan.CacheBytes:N0}, activations {Plan.ActivationBytes:N0}), and {AvailableBytes:N0} are available; {Help}");

    private string Help => (FittingType, FittingContext) switch
    {
        ({ } type, { } context) =>
            FormattableString.Invariant($"weights in {type.ShortName()} or a context of {context} tokens would fit"),
        ({ } type, null) => $"weights in {type.ShortName()} would fit",
        (null, { } context) => FormattableString.Invariant($"a context of {context} tokens would fit"),
        _ => "neither smaller weights nor a shorter context alone would do",
    };
}
