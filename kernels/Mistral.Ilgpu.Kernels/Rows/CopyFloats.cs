using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>to[i] = from[i], 16 bytes at a time: the memory bandwidth that kernels are measured against. Work is shared by
/// element.</summary>
public readonly record struct CopyFloats(ArrayView<Floats4> From, ArrayView<Floats4> To) : IKernel
{
    public void Execute()
    {
        for (long i = WorkItems.First; i < From.Length; i += WorkItems.Count)
        {
            To[i] = From[i];
        }
    }
}
