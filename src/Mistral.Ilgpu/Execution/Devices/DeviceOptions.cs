using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Options for opening a device.</summary>
internal sealed record DeviceOptions
{
    /// <summary>Threads of CPU devices; null uses every core.</summary>
    public int? Threads { get; init; }

    /// <summary>The most device memory that this process may use, in bytes; null for all of it.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>Gives the bytes that other models of this process hold of the device of an id, which are not to be had; null for
    /// none.</summary>
    public Func<string, long>? HeldOn { get; init; }

    /// <summary>Whether the stream records time stamps (see <see cref="StreamMarks"/>).</summary>
    public bool IsTimed { get; init; }

    /// <summary>Features to switch off, in order to measure their effect or to avoid a driver's fault.</summary>
    public DeviceFeatures Without { get; init; }

    /// <summary>Replaces the device's own family, for tests. The device must be able to run its kernels.</summary>
    internal KernelFamily? Family { get; init; }

    /// <summary>Replaces what the compiler of an OpenCL device accepts for waves, for tests; null asks it.</summary>
    internal WaveFeatures? Waves { get; init; }
}
