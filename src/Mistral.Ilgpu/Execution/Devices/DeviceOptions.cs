namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>How a device is opened.</summary>
internal sealed record DeviceOptions
{
    /// <summary>Threads of CPU devices; null takes every core.</summary>
    public int? Threads { get; init; }

    /// <summary>Device memory that this process may take, in bytes; null takes what there is.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Whether the stream keeps the times of its marks, see <see cref="StreamMarks"/>.</summary>
    public bool IsTimed { get; init; }

    /// <summary>What the device can do and shall not, to measure what it brings or because a driver errs.</summary>
    public DeviceFeatures Without { get; init; }

    /// <summary>Whose forms it is given instead of its own, for tests; it must be able to run them.</summary>
    internal KernelFamily? Family { get; init; }
}
