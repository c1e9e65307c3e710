using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>One tensor of a file as its header describes it.</summary>
internal sealed record StoredTensor(string Name, string Type, long[] Shape, ByteSource Source, long Offset, long Length);
