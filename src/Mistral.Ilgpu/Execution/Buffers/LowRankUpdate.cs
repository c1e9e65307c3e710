using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// The term B (A x) that an adapter adds to a product W x. Its rank is far below the sizes of W (Hu et al., LoRA,
/// arXiv 2106.09685, §4.1).
/// </summary>
/// <param name="Down">A, multiplied by the scale: rank × columns of W.</param>
/// <param name="Up">B: some rows of W × rank.</param>
/// <param name="Inner">A buffer for A x.</param>
internal sealed record LowRankUpdate(WeightMatrix Down, WeightBand Up, Activation Inner);
