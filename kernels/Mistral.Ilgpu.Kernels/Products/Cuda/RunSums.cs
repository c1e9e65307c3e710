using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// A lane's sums of 32 rows times up to sixteen tokens. First the upper sixteen rows times the first eight tokens, and times the
/// others; then the lower rows likewise.
/// </summary>
internal struct RunSums
{
    public Sums16x8 First, Second, LowerFirst, LowerSecond;
}
