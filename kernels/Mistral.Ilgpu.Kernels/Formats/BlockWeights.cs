using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>A matrix of blocks, row after row, in its two planes.</summary>
public readonly record struct BlockWeights(ArrayView<byte> Quants, ArrayView<ushort> Scales, int Columns);
