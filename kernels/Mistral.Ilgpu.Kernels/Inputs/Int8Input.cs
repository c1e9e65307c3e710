using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// Activations in eight bits with a scale for each run, for products of whole numbers, quad by quad (four neighbouring columns).
/// Quads has a quad's signed bytes in an int, the first lowest. Pairs has the same as shorts in two ints, columns 0 and 2, then 1
/// and 3. For each run A is the scale; B and C are the sums of its two halves after quantization.
/// </summary>
/// <param name="Stride">Columns.</param>
public readonly record struct Int8Input(
    ArrayView<int> Quads, ArrayView<int> Pairs, ArrayView<Floats4> Runs, int Stride) : IBlockInput
{
    /// <summary>Where a quad is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long QuadAt(int token, int run, int quad) =>
        ((long)token * (Stride / BlockRun.QuadLength)) + (run * BlockRun.Quads) + quad;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Dot<TFormat>(BlockWeights weights, long block, int runInBlock, int token, int run)
        where TFormat : struct, IBlockFormat
    {
        long at = block * TFormat.QuantBytes;
        var values = Quads.Cast<sbyte>();
        long x = ((long)token * Stride) + (run * BlockRun.Length);
        var scale = TFormat.Scale(weights.Scales, block * TFormat.ScaleWords, runInBlock);
        var input = Runs[((long)token * (Stride / BlockRun.Length)) + run];
        if (!TFormat.HalvesDiffer)
        {
            // One sum, because to add up vectors is what costs.
            int sum = 0;
            for (int i = 0; i < BlockRun.Half; i++)
            {
                sum += (TFormat.Quant(weights.Quants, at, runInBlock, 0, i) * values[x + i])
                    + (TFormat.Quant(weights.Quants, at, runInBlock, 1, i) * values[x + BlockRun.Half + i]);
            }

            return (input.A * (scale.Low * sum)) + (scale.LowOffset * (input.B + input.C));
        }

        int low = 0;
        int high = 0;
        for (int i = 0; i < BlockRun.Half; i++)
        {
            low += TFormat.Quant(weights.Quants, at, runInBlock, 0, i) * values[x + i];
            high += TFormat.Quant(weights.Quants, at, runInBlock, 1, i) * values[x + BlockRun.Half + i];
        }

        return (input.A * ((scale.Low * low) + (scale.High * high)))
            + ((scale.LowOffset * input.B) + (scale.HighOffset * input.C));
    }
}
