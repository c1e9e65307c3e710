using ILGPU;
using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>Creates launchers of kernels.</summary>
internal interface IKernelLoader
{
    /// <summary>Receives progress of compilations and can cancel waiting for them; null for none.</summary>
    KernelWatch? Watch { get; set; }

    Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel;

    /// <summary>Starts the part of loading that can run concurrently with other work.</summary>
    void Prepare<TKernel>()
        where TKernel : struct, IKernel
    {
    }
}
