namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>Progress of loading or writing a model's tensors, in bytes of the checkpoint.</summary>
internal readonly record struct TensorProgress(long BytesDone, long BytesTotal, string Tensor);
