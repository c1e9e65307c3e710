using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>
/// RMSNorm(<paramref name="Input"/>) × <paramref name="Gain"/>, computed inside the products that have it as input.
/// </summary>
internal sealed record FusedNorm(Activation Input, ArrayView<float> Gain, float Epsilon)
{
    /// <summary>The norm's parameters in the form of kernels.</summary>
    public RmsNormed Kernel => new(Gain.Cast<Floats4>(), Input.Columns, Epsilon);
}
