using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// <see cref="Int8Input"/> for forms of the CPU accelerator. Values are bytes, tokens × stride. Of each run there are the scale,
/// the sums of its two halves after quantization, and the sum of both.
/// </summary>
/// <param name="Scales">tokens × runs × 4.</param>
public readonly record struct VectorInput(ArrayView<sbyte> Values, ArrayView<float> Scales, int Stride)
{
    /// <summary>The same memory.</summary>
    public static VectorInput In(Int8Input input) => new(input.Quads.Cast<sbyte>(), input.Runs.Cast<float>(), input.Stride);

    /// <summary>Runs of a token.</summary>
    public int Runs => Stride / BlockRun.Length;
}
