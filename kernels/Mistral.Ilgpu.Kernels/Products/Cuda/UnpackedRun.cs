using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A run's 16-bit floats in pieces of 16 bytes.</summary>
internal struct UnpackedRun
{
    public Pack First, Second, Third, Fourth;
}
