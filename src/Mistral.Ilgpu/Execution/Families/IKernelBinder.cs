using ILGPU;
using Mistral.Ilgpu.Execution.Passes;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Creates launchers of kernels. A device does so, and a recorder that lists which kernels a family binds.</summary>
internal interface IKernelBinder
{
    /// <summary>The launcher of a kernel, which may be compiled later.</summary>
    Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel;

    /// <summary>Kernels that are bound when a pass first needs them.</summary>
    Lazy<Launch> Later(Func<Launch> make);
}
