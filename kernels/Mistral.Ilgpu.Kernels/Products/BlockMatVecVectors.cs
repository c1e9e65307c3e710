using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>What all formats of <see cref="BlockMatVecVectors{TFormat,TResult}"/> share.</summary>
public static class BlockMatVecVectors
{
    /// <summary>Eight runs, which are taken at a time.</summary>
    public const int LeastColumns = 8 * BlockRun.Length;
}
