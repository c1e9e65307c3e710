namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// A kernel is a value: its views and scalars are its fields, and <see cref="Execute"/> is what one work item does.
/// Implementations must be public structs; ILGPU's CPU accelerator reaches them from generated code.
/// </summary>
public interface IKernel
{
    void Execute();
}

/// <summary>The one entry point that ILGPU compiles for every kernel.</summary>
public static class KernelEntry
{
    public static void Run<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => kernel.Execute();
}
