using System.Collections.Immutable;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The properties of a device of this machine, which are known before it is opened.</summary>
public sealed record DeviceInfo
{
    private const long LeastReserve = 128L << 20;
    private const long MostReserve = 1L << 30;

    internal DeviceInfo(
        DeviceKind kind,
        int index,
        string name,
        bool isGpu,
        long memoryBytes,
        int computeUnits,
        int maxGroupSize,
        ImmutableArray<string> lacks) =>
        (Kind, Index, Name, IsGpu, MemoryBytes, ComputeUnits, MaxGroupSize, Lacks) = (
            kind, index, name, isGpu, memoryBytes, computeUnits, maxGroupSize, lacks);

    /// <summary>The programming interface of the device.</summary>
    public DeviceKind Kind { get; internal init; }

    /// <summary>The index of the device among those of its kind, from 0.</summary>
    public int Index { get; internal init; }

    /// <summary>The name that the driver reports.</summary>
    public string Name { get; internal init; }

    /// <summary>Whether the device is a GPU, and not a CPU.</summary>
    public bool IsGpu { get; internal init; }

    /// <summary>Global memory in bytes; for <see cref="DeviceKind.Cpu"/> the memory of the machine.</summary>
    public long MemoryBytes { get; internal init; }

    /// <summary>Bytes of it that nobody uses; null if that is not known, or not before the device is opened.</summary>
    internal long? FreeBytes { get; init; }

    /// <summary>Memory that may be used if no limit is given: what is free, less a reserve for the driver and others.</summary>
    internal long UsableBytes => FreeBytes is { } free
        ? Math.Min(MemoryBytes, free - Math.Min(free, Math.Clamp(free / 16, LeastReserve, MostReserve))) : MemoryBytes;

    /// <summary>Multiprocessors of a GPU, compute units of an OpenCL CPU; 1 for <see cref="DeviceKind.Cpu"/>.</summary>
    public int ComputeUnits { get; internal init; }

    /// <summary>The most work items in a group.</summary>
    public int MaxGroupSize { get; internal init; }

    /// <summary>The architecture of a CUDA device, such as 80 for sm_80; 0 for other devices.</summary>
    public int CudaArchitecture { get; internal init; }

    /// <summary>The name that chooses this device: <c>cpu</c>, <c>opencl:0</c>, <c>cuda:0</c>.</summary>
    public string Id => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.OpenCl => $"opencl:{Index}",
        _ => $"cuda:{Index}",
    };

    /// <summary>The features that kernels cannot use on this device, for people.</summary>
    internal ImmutableArray<string> Lacks { get; init; }

    /// <summary>
    /// Whether the compiler of an OpenCL CPU accepts vectors of more than sixteen elements. Compilers for the processor itself
    /// do; one that compiles through SPIR-V ends the process.
    /// </summary>
    internal bool HasLongVectors { get; init; } = true;

    /// <summary>What the compiler of an OpenCL GPU accepts for waves; known once the device is opened.</summary>
    internal WaveFeatures Waves { get; init; }

    /// <summary>Features that are switched off.</summary>
    internal DeviceFeatures Without { get; init; }

    /// <summary>A family that replaces the device's own, for tests; null for none.</summary>
    internal KernelFamily? ForcedFamily { get; init; }

    /// <summary>The device's rank for <c>auto</c>, which takes the lowest, and the reason of that rank.</summary>
    internal (int Rank, string Reason) Preference => (Kind, IsGpu) switch
    {
        (DeviceKind.Cuda, _) => (0, "a CUDA GPU comes first"),
        (DeviceKind.OpenCl, true) => (1, "no CUDA GPU, so an OpenCL GPU"),
        (DeviceKind.OpenCl, false) when !HasLongVectors => (4, "nothing else is here"),
        (DeviceKind.OpenCl, false) => (2, "no GPU, so OpenCL on the CPU, or cpu where that is measured faster for the model"),
        _ => (3, "no GPU and no OpenCL, so ILGPU's CPU accelerator"),
    };
}
