using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>What else is made of a run of activations while it is at hand.</summary>
public interface IRunResult
{
    /// <param name="lower">The run's first sixteen.</param>
    /// <param name="upper">Its other sixteen.</param>
    static abstract void Write(Int8Input output, long row, int run, ref float lower, ref float upper);
}

/// <summary>Nothing: no quantized weights meet these activations.</summary>
public readonly struct FloatsAlone : IRunResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Int8Input output, long row, int run, ref float lower, ref float upper)
    {
    }
}

/// <summary>The run in eight bits, as <see cref="QuantizeInput"/> makes it.</summary>
public readonly struct AlsoInt8 : IRunResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Int8Input output, long row, int run, ref float lower, ref float upper)
    {
        float scale = Lanes.MaxMagnitude(ref lower, ref upper) / 127;
        float inverse = Int8Rounding.Inverse(scale);
        long at = (row * (output.Stride / BlockRun.QuadLength)) + (run * BlockRun.Quads);
        int low = Lanes.Quantize(ref lower, inverse, ref output.Quads[at], ref output.Pairs[2 * at]);
        at += BlockRun.Quads / 2;
        int high = Lanes.Quantize(ref upper, inverse, ref output.Quads[at], ref output.Pairs[2 * at]);
        output.Runs[(row * (output.Stride / BlockRun.Length)) + run] = new Float4 { A = scale, B = scale * low, C = scale * high };
    }
}
