namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>The one entry point that ILGPU compiles for every kernel.</summary>
public static class KernelEntry
{
    public static void Run<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => kernel.Execute();
}
