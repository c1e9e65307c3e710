using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>Nothing: no quantized weights are multiplied with these activations.</summary>
public readonly struct FloatsAlone : IRunResult
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Int8Input output, long row, int run, ref float lower, ref float upper)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(PackedInput output, long row, int four, Floats4 x, bool exists)
    {
    }
}
