using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>In what form quantized weights are multiplied with activations.</summary>
internal enum ActivationType
{
    /// <summary>Eight bits per block of 32, so that products are of whole numbers.</summary>
    Int8,

    /// <summary>As they are: slower, without the rounding.</summary>
    Float32,
}
