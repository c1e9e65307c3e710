using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>How many warps share the work of <see cref="RunProduct{TFormat,TTokens,TEpilogue,TWarps}"/>.</summary>
internal interface IRunWarps
{
    static abstract int Threads { get; }

    /// <summary>Whether each matrix of a pair has warps of its own.</summary>
    static abstract bool AreApart { get; }
}
