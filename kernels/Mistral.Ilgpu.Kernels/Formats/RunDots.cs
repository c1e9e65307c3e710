using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Σ quant × activation of each half of a run, exact. Where halves have one scale, Low is the sum of both.</summary>
public struct RunDots
{
    public float Low, High;

    /// <summary>Of quants as signed bytes.</summary>
    /// <param name="low">Activations of the first half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunDots Of<TFormat>(RunQuants quants, RunFields fields, Pack low, Pack high)
        where TFormat : struct, IPackedFormat
    {
        int lower = Dp4a.Add(fields.Zero, quants.Low, low);
        return TFormat.HalvesDiffer
            ? new RunDots { Low = WholeFloat.Of(lower), High = WholeFloat.Of(Dp4a.Add(fields.Zero, quants.High, high)) }
            : new RunDots { Low = WholeFloat.Of(Dp4a.Add(lower, quants.High, high)) };
    }
}
