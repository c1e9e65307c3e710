using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A lane's sums of 32 rows times up to sixteen tokens: the upper sixteen rows times the first eight tokens, times the
/// others, and the lower rows.</summary>
internal struct RunSums
{
    public Sums16x8 First, Second, LowerFirst, LowerSecond;
}
