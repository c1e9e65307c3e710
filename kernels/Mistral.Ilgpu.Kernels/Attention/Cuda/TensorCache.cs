using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Where the tiles of <see cref="AttentionInput{TElement}"/> lie, as addresses, for copies that go on while the group
/// computes.</summary>
/// <remarks>Arguments and no <see cref="TileMemory.AddressOf{T}"/> in the kernel, which took 2 to 28 registers more.</remarks>
public readonly record struct TensorCache(long RingKeys, long RingValues, long FreshKeys, long FreshValues);
