namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The families of devices that want different forms of a kernel, see <see cref="Families.Family"/>.</summary>
internal enum KernelFamily
{
    /// <summary>ILGPU's CPU accelerator: few threads, no vectors, costly barriers and costly indexing.</summary>
    CpuAccelerator,

    /// <summary>OpenCL on a CPU: few threads and a vectorizing compiler.</summary>
    OpenClCpu,

    /// <summary>Many threads and shared memory.</summary>
    Gpu,

    /// <summary>NVIDIA's since sm_80: tensor cores that take bfloat16, and copies to shared memory that go on
    /// meanwhile.</summary>
    Cuda,
}
