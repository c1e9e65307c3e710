using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>What else is made of a run of activations while it is at hand.</summary>
public interface IRunResult
{
    /// <param name="values">The run, 32 neighbours.</param>
    static abstract void Write(Int8Input output, long row, int run, ref float values, ref float upperHalf);
}

/// <summary>Nothing: no quantized weights meet these activations.</summary>
public readonly struct FloatsAlone : IRunResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Int8Input output, long row, int run, ref float values, ref float upperHalf)
    {
    }
}

/// <summary>The run in eight bits, as <see cref="QuantizeInput"/> makes it.</summary>
public readonly struct AlsoInt8 : IRunResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Int8Input output, long row, int run, ref float values, ref float upperHalf)
    {
        float scale = Lanes.MaxMagnitude(ref values, ref upperHalf) / 127;
        float inverse = Int8Rounding.Inverse(scale);
        long at = (row * (output.Stride / BlockRun.QuadLength)) + (run * BlockRun.Quads);
        int low = Lanes.Quantize(ref values, inverse, ref output.Quads[at], ref output.Pairs[2 * at]);
        at += BlockRun.Quads / 2;
        int high = Lanes.Quantize(ref upperHalf, inverse, ref output.Quads[at], ref output.Pairs[2 * at]);
        output.Runs[(row * (output.Stride / BlockRun.Length)) + run] = new Float4 { A = scale, B = scale * low, C = scale * high };
    }
}
