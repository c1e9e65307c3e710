using ILGPU;
using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>Makes launchers of kernels.</summary>
internal interface IKernelLoader
{
    /// <summary>Is told what is compiled, and says when not to wait any longer; null where nobody asks.</summary>
    KernelWatch? Watch { get; set; }

    Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel;

    /// <summary>Begins what of loading can be done beside something else.</summary>
    void Prepare<TKernel>()
        where TKernel : struct, IKernel
    {
    }
}
