namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>How far a model's tensors have been brought, in bytes of the checkpoint.</summary>
internal readonly record struct TensorProgress(long BytesDone, long BytesTotal, string Tensor);
