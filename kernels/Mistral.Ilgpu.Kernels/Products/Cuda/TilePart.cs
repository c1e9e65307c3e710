using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>What a thread reads of a tile of weights that it is to bring to shared memory: as it is in global memory, so that
/// nothing waits for it before that.</summary>
public struct TilePart
{
    public RunWords Words;
    public Pack Scale;
}
