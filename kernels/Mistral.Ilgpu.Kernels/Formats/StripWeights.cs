using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>A matrix of blocks in strips: for each strip and run <see cref="IStripFormat.Bits"/> vectors of quants; for each
/// strip and block 16 times <see cref="IStripFormat.BlockFloats"/>; for each strip and run 16 times
/// <see cref="IStripFormat.RunBytes"/>.</summary>
public readonly record struct StripWeights(
    ArrayView<int> Quants, ArrayView<ushort> BlockFloats, ArrayView<sbyte> RunBytes, int Columns);
