using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// What a thread reads of a tile of weights, on its way to shared memory. It is as in global memory, so that nothing waits for
/// the load before it is stored.
/// </summary>
public struct TilePart
{
    public RunWords Words;
    public Pack Scale;
}
