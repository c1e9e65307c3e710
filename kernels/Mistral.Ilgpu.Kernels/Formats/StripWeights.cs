using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// A matrix of blocks in strips. For each strip and run there are <see cref="IStripFormat.Bits"/> vectors of quants, and 16 times
/// <see cref="IStripFormat.RunBytes"/>. For each strip and block there are 16 times <see cref="IStripFormat.BlockFloats"/>.
/// </summary>
public readonly record struct StripWeights(
    ArrayView<int> Quants, ArrayView<ushort> BlockFloats, ArrayView<sbyte> RunBytes, int Columns);
