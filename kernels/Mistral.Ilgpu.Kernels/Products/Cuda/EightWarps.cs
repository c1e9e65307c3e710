using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A warp for each run of a stage.</summary>
internal readonly struct EightWarps : IRunWarps
{
    public static int Threads => RunStage.Runs * TensorLane.WarpSize;

    public static bool AreApart => false;
}
