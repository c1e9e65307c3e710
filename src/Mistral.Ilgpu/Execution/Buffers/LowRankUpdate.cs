using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// What an adapter adds to a product W x: B (A x), a rank far below the sizes of W (Hu et al., LoRA, arXiv 2106.09685, §4.1).
/// </summary>
/// <param name="Down">A: rank × columns of W, the scale in it.</param>
/// <param name="Up">B: some rows of W × rank.</param>
/// <param name="Inner">Room for A x.</param>
/// <param name="IsOn">Asked before every pass.</param>
internal sealed record LowRankUpdate(WeightMatrix Down, WeightBand Up, Activation Inner, Func<bool> IsOn);
