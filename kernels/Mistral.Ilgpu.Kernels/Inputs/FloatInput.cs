using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>Activations as they are, tokens × stride, where accuracy asks for it.</summary>
public readonly record struct FloatInput(ArrayView<float> Values, int Stride) : IBlockInput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Dot<TFormat>(BlockWeights weights, long block, int runInBlock, int token, int run)
        where TFormat : struct, IBlockFormat
    {
        long at = block * TFormat.QuantBytes;
        long x = ((long)token * Stride) + (run * BlockRun.Length);
        var scale = TFormat.Scale(weights.Scales, block * TFormat.ScaleWords, runInBlock);
        float low = 0;
        float high = 0;
        for (int i = 0; i < BlockRun.Half; i++)
        {
            low += ((scale.Low * TFormat.Quant(weights.Quants, at, runInBlock, 0, i)) + scale.LowOffset) * Values[x + i];
            high += ((scale.High * TFormat.Quant(weights.Quants, at, runInBlock, 1, i)) + scale.HighOffset)
                * Values[x + BlockRun.Half + i];
        }

        return low + high;
    }
}
