namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The programming interface of a device.</summary>
public enum DeviceKind
{
    /// <summary>ILGPU's CPU accelerator, which runs kernels as .NET code. It is available on every machine.</summary>
    Cpu,

    /// <summary>A device of an OpenCL driver: a GPU or a CPU.</summary>
    OpenCl,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}
