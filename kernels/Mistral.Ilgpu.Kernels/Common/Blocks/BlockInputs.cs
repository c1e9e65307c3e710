using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>The activations that a matrix of blocks is multiplied with, in one of two forms.</summary>
public interface IBlockInput
{
    /// <summary>The part of weights · activations that lies in one run: row <paramref name="token"/> of the activations,
    /// columns 32 × <paramref name="run"/> on.</summary>
    /// <param name="block">The weights' block, counted over the whole matrix.</param>
    float Dot<TFormat>(BlockWeights weights, long block, int runInBlock, int token, int run)
        where TFormat : struct, IBlockFormat;
}

/// <summary>
/// Activations in eight bits with a scale for each run, for products of whole numbers: values is tokens × stride, each held as an int,
/// for widening them again and again costs more than to read them; and for each run A is the scale, B and C the sums of its two
/// halves as they are after quantization.
/// </summary>
public readonly record struct Int8Input(ArrayView<int> Values, ArrayView<Float4> Runs, int Stride) : IBlockInput
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Dot<TFormat>(BlockWeights weights, long block, int runInBlock, int token, int run)
        where TFormat : struct, IBlockFormat
    {
        long at = block * TFormat.QuantBytes;
        long x = ((long)token * Stride) + (run * BlockRun.Length);
        var scale = TFormat.Scale(weights.Scales, block * TFormat.ScaleWords, runInBlock);
        var input = Runs[((long)token * (Stride / BlockRun.Length)) + run];
        if (!TFormat.HalvesDiffer)
        {
            // One sum: what vectors cost is to be added up.
            int sum = 0;
            for (int i = 0; i < BlockRun.Half; i++)
            {
                sum += (TFormat.Quant(weights.Quants, at, runInBlock, 0, i) * Values[x + i])
                    + (TFormat.Quant(weights.Quants, at, runInBlock, 1, i) * Values[x + BlockRun.Half + i]);
            }

            return (input.A * (scale.Low * sum)) + (scale.LowOffset * (input.B + input.C));
        }

        int low = 0;
        int high = 0;
        for (int i = 0; i < BlockRun.Half; i++)
        {
            low += TFormat.Quant(weights.Quants, at, runInBlock, 0, i) * Values[x + i];
            high += TFormat.Quant(weights.Quants, at, runInBlock, 1, i) * Values[x + BlockRun.Half + i];
        }

        return (input.A * ((scale.Low * low) + (scale.High * high))) + ((scale.LowOffset * input.B) + (scale.HighOffset * input.C));
    }
}

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
            high += ((scale.High * TFormat.Quant(weights.Quants, at, runInBlock, 1, i)) + scale.HighOffset) * Values[x + BlockRun.Half + i];
        }

        return low + high;
    }
}
