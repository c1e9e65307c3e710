using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>How many warps share the work of <see cref="RunProduct{TFormat,TTokens,TEpilogue,TWarps}"/>.</summary>
internal interface IRunWarps
{
    static abstract int Threads { get; }

    /// <summary>Whether each matrix of a pair has warps of its own.</summary>
    static abstract bool AreApart { get; }
}

/// <summary>A warp for each run of a stage.</summary>
internal readonly struct EightWarps : IRunWarps
{
    public static int Threads => RunStage.Runs * TensorLane.WarpSize;

    public static bool AreApart => false;
}

/// <summary>A warp for each run and matrix of a pair: half the registers for sums, and the tokens read twice from shared
/// memory.</summary>
internal readonly struct SixteenWarps : IRunWarps
{
    public static int Threads => 2 * RunStage.Runs * TensorLane.WarpSize;

    public static bool AreApart => true;
}
