namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>Where the rings of <see cref="AttentionInput{TElement}"/> in eight bits lie, as addresses, see
/// <see cref="TensorCache"/>.</summary>
public readonly record struct QuantCache(long Keys, long Values, long KeyScales, long ValueScales);
