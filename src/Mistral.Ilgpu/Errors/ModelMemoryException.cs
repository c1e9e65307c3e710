namespace Mistral.Ilgpu;

/// <summary>A model does not fit the memory of a device. This is found before any of it is loaded.</summary>
public sealed class ModelMemoryException : DeviceException
{
    internal ModelMemoryException(string message)
        : base(message) => IsOutOfMemory = true;

    /// <summary>The name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The device as options name it, such as <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>Bytes that the model needs: weights, cache and activations.</summary>
    public long NeededBytes => long.CreateSaturating((Int128)WeightBytes + CacheBytes + ActivationBytes);

    /// <summary>Of them, bytes of weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Of them, bytes of the cache of keys and values.</summary>
    public required long CacheBytes { get; init; }

    /// <summary>Of them, bytes that passes work on.</summary>
    public required long ActivationBytes { get; init; }

    /// <summary>Bytes that the device has left.</summary>
    public required long AvailableBytes { get; init; }

    /// <summary>The largest type of weights with which it would fit; null where none would do alone.</summary>
    public TensorFormat? FittingType { get; init; }

    /// <summary>The longest context, in tokens, with which it would fit; null where none would do alone.</summary>
    public int? FittingContext { get; init; }
}
