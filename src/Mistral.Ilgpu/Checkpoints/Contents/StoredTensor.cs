using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>One tensor of a file as its header describes it.</summary>
internal sealed record StoredTensor(string Name, string Type, long[] Shape, ByteSource Source, long Offset, long Length)
{
    /// <summary>What its elements are multiplied with, see <see cref="FormatDescriptor.Largest"/>; 1 where there is no
    /// scale.</summary>
    public float Scale { get; init; } = 1;
}
