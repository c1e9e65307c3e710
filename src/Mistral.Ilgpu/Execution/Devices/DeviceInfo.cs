using System.Collections.Immutable;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>What is known of a device before it is opened.</summary>
/// <param name="Index">Counts the devices of one kind, from 0.</param>
/// <param name="MemoryBytes">Global memory; for the CPU accelerator, the machine's.</param>
/// <param name="Lacks">What kernels must do without here, in words.</param>
public sealed record DeviceInfo(
    DeviceKind Kind,
    int Index,
    string Name,
    bool IsGpu,
    long MemoryBytes,
    int ComputeUnits,
    int MaxGroupSize,
    ImmutableArray<string> Lacks)
{
    /// <summary>Of CUDA devices, 80 for sm_80; 0 of others.</summary>
    public int CudaArchitecture { get; init; }

    /// <summary>Whether the compiler of an OpenCL CPU takes vectors of more than sixteen elements, as one for the processor
    /// itself does. One that makes SPIR-V first ends the process where it meets them.</summary>
    public bool HasLongVectors { get; init; } = true;

    /// <summary>What it can do and shall not.</summary>
    internal DeviceFeatures Without { get; init; }

    /// <summary>The family whose forms it is given whatever it is, for tests; null for its own.</summary>
    internal KernelFamily? ForcedFamily { get; init; }

    /// <summary>How the command line names it: <c>cpu</c>, <c>opencl:0</c>, <c>cuda:0</c>.</summary>
    public string Id => Kind switch
    {
        DeviceKind.Cpu => "cpu",
        DeviceKind.OpenCl => $"opencl:{Index}",
        _ => $"cuda:{Index}",
    };

    /// <summary>The order in which <c>auto</c> prefers devices, lowest first, and why.</summary>
    public (int Rank, string Reason) Preference => (Kind, IsGpu) switch
    {
        (DeviceKind.Cuda, _) => (0, "a CUDA GPU comes first"),
        (DeviceKind.OpenCl, true) => (1, "no CUDA GPU, so an OpenCL GPU"),
        (DeviceKind.OpenCl, false) when !HasLongVectors => (4, "nothing else is here"),
        (DeviceKind.OpenCl, false) => (2, "no GPU, so OpenCL on the CPU, whose compiler vectorizes"),
        _ => (3, "no GPU and no OpenCL, so ILGPU's CPU accelerator"),
    };
}
