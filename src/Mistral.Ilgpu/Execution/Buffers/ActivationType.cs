using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>The form of activations in products with quantized weights.</summary>
internal enum ActivationType
{
    /// <summary>Eight-bit quants with a scale for each 32, so that products are sums of integers.</summary>
    Int8,

    /// <summary>Unchanged float32: slower, but not rounded.</summary>
    Float32,
}
