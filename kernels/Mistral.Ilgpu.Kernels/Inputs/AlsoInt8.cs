using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>The run in eight bits, as <see cref="QuantizeInput"/> and <see cref="QuantizePacked"/> make it.</summary>
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
        output.Runs[(row * (output.Stride / BlockRun.Length)) + run] = new Floats4
        {
            A = scale,
            B = scale * low,
            C = scale * high
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(PackedInput output, long row, int four, Floats4 x, bool exists) =>
        PackedRun.Write(output, row, four, x, exists);
}
