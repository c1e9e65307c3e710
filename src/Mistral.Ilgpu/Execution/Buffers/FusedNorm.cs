using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>RMSNorm(<paramref name="Input"/>) × <paramref name="Gain"/>, made by the products that take it.</summary>
internal sealed record FusedNorm(Activation Input, ArrayView<float> Gain, float Epsilon)
{
    /// <summary>As kernels want it.</summary>
    public RmsNormed Kernel => new(Gain.Cast<Floats4>(), Input.Columns, Epsilon);
}
