using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// Where weights and tokens in eight bits lie in global memory, for copies that go on while a group computes. ILGPU does not give
/// it in a kernel.
/// </summary>
/// <param name="Quants">See <see cref="BlockWeights"/>.</param>
/// <param name="Scales">Likewise.</param>
/// <param name="Values">See <see cref="Inputs.PackedInput"/>.</param>
/// <param name="Entries">Of its runs.</param>
public readonly record struct RunAddresses(long Quants, long Scales, long Values, long Entries);
