namespace Mistral.Ilgpu.Model;

/// <summary>A model does not fit the memory of a device. This is found before any of it is loaded.</summary>
public sealed class ModelMemoryException : DeviceException
{
    private readonly MemoryPlan _plan;

    internal ModelMemoryException(string model, string device, MemoryPlan plan, long availableBytes)
        : base("") => (Model, Device, _plan, AvailableBytes) = (model, device, plan, availableBytes);

    /// <summary>The name of the model.</summary>
    public string Model { get; }

    /// <summary>The device as options name it, such as <c>cuda:0</c>.</summary>
    public string Device { get; }

    /// <summary>Bytes that the model needs: weights, cache and activations.</summary>
    public long NeededBytes => _plan.TotalBytes;

    /// <summary>Of them, bytes of weights.</summary>
    public long WeightBytes => _plan.WeightBytes;

    /// <summary>Of them, bytes of the cache of keys and values.</summary>
    public long CacheBytes => _plan.CacheBytes;

    /// <summary>Of them, bytes that passes work on.</summary>
    public long ActivationBytes => _plan.ActivationBytes;

    /// <summary>Bytes that the device has left.</summary>
    public long AvailableBytes { get; }

    /// <summary>The largest type of weights with which it would fit; null where none would do alone.</summary>
    public TensorFormat? FittingType { get; init; }

    /// <summary>The longest context, in tokens, with which it would fit; null where none would do alone.</summary>
    public int? FittingContext { get; init; }

    /// <inheritdoc/>
    public override string Message => FormattableString.Invariant(
        $"{Model} does not fit device {Device}: it needs {NeededBytes:N0} bytes (weights {WeightBytes:N0}, cache {
            CacheBytes:N0}, activations {ActivationBytes:N0}), and {AvailableBytes:N0} are available; {Help}");

    private string Help => (FittingType, FittingContext) switch
    {
        ({ } type, { } context) =>
            FormattableString.Invariant($"weights in {type.ShortName()} or a context of {context} tokens would fit"),
        ({ } type, null) => $"weights in {type.ShortName()} would fit",
        (null, { } context) => FormattableString.Invariant($"a context of {context} tokens would fit"),
        _ => "neither smaller weights nor a shorter context alone would do",
    };
}
