using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A warp for each run and matrix of a pair: half the registers for sums, and the tokens read twice from shared
/// memory.</summary>
internal readonly struct SixteenWarps : IRunWarps
{
    public static int Threads => 2 * RunStage.Runs * TensorLane.WarpSize;

    public static bool AreApart => true;
}
