namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// A kernel is a value: its views and scalars are its fields, and <see cref="Execute"/> is what one work item does.
/// Implementations must be public structs; ILGPU's CPU accelerator reaches them from generated code.
/// </summary>
public interface IKernel
{
    void Execute();
}
