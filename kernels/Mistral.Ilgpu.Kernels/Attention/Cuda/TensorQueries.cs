using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Where the queries of a block are.</summary>
/// <param name="At">Of the first token's first head.</param>
public readonly record struct TensorQueries(ArrayView<float> View, long At, int TokenStride, int HeadStride);
