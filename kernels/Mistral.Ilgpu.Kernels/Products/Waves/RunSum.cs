using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>What a run adds to a row's sum, once its whole numbers are summed; the same bits in whatever form of a
/// kernel.</summary>
internal static class RunSum
{
    /// <param name="low">Σ quant × quant of the first half.</param>
    /// <param name="high">Of the second.</param>
    /// <param name="input">The run's entry in <see cref="Inputs.PackedInput"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add<TFormat>(float sum, int low, int high, RunScale scale, Floats4 input)
        where TFormat : struct, IBlockFormat =>
        TFormat.HalvesDiffer
            ? Add<TFormat>(sum, (float)low, high, scale, input)
            : Add<TFormat>(sum, low + high, 0f, scale, input);

    /// <summary>The same of whole numbers that are floats already, as exact.</summary>
    /// <param name="low">Of both halves, where they have one scale.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add<TFormat>(float sum, float low, float high, RunScale scale, Floats4 input)
        where TFormat : struct, IBlockFormat
    {
        if (TFormat.HalvesDiffer)
        {
            sum = Fused.MultiplyAdd(input.A * scale.High, high, Fused.MultiplyAdd(input.A * scale.Low, low, sum));
            return TFormat.HasOffsets
                ? Fused.MultiplyAdd(scale.HighOffset, input.C, Fused.MultiplyAdd(scale.LowOffset, input.B, sum))
                : sum;
        }

        sum = Fused.MultiplyAdd(input.A * scale.Low, low, sum);
        return TFormat.HasOffsets ? Fused.MultiplyAdd(scale.LowOffset, input.B + input.C, sum) : sum;
    }

    /// <summary>The same of halves that differ, in pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float AddHalves<TFormat>(float sum, FloatPair halves, RunScale scale, Floats4 input)
        where TFormat : struct, IBlockFormat
    {
        var scales = FloatPairs.Multiply(scale.Low, scale.High, input.A);
        sum = Fused.MultiplyAdd(scales.High, halves.High, Fused.MultiplyAdd(scales.Low, halves.Low, sum));
        return TFormat.HasOffsets
            ? Fused.MultiplyAdd(scale.HighOffset, input.C, Fused.MultiplyAdd(scale.LowOffset, input.B, sum))
            : sum;
    }
}
