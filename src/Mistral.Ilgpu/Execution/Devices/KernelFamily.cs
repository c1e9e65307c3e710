namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The families of devices, which have different forms of kernels (see <see cref="Families.Family"/>).</summary>
internal enum KernelFamily
{
    /// <summary>ILGPU's CPU accelerator: few threads, no vectors, slow barriers and slow indexing.</summary>
    CpuAccelerator,

    /// <summary>OpenCL on a CPU: few threads and a vectorizing compiler.</summary>
    OpenClCpu,

    /// <summary>Any GPU: many threads and shared memory.</summary>
    Gpu,

    /// <summary>OpenCL GPUs with sub-groups, such as Intel's.</summary>
    OpenClGpu,

    /// <summary>AMD's GPUs: waves and matrix cores.</summary>
    Amd,

    /// <summary>NVIDIA from sm_60 to sm_75: warps that multiply four bytes at once; sm_75 has tensor cores for halves.</summary>
    CudaWaves,

    /// <summary>NVIDIA from sm_80 on: tensor cores for bfloat16 and asynchronous copies to shared memory.</summary>
    Cuda,
}
