using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>The activations that a matrix of blocks is multiplied with, in one of two forms.</summary>
public interface IBlockInput
{
    /// <summary>The part of weights · activations that lies in one run: row <paramref name="token"/> of the activations,
    /// columns 32 × <paramref name="run"/> on.</summary>
    /// <param name="block">The weights' block, counted over the whole matrix.</param>
    float Dot<TFormat>(BlockWeights weights, long block, int runInBlock, int token, int run)
        where TFormat : struct, IBlockFormat;
}
