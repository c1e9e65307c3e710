using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>One tensor of a file as the file's header describes it.</summary>
internal sealed record StoredTensor(string Name, string Type, long[] Shape, ByteSource Source, long Offset, long Length)
{
    /// <summary>
    /// The tensor's scale: weight = scale × element (see <see cref="FormatDescriptor.Largest"/>). It is 1 in formats without a
    /// scale.
    /// </summary>
    public float Scale { get; init; } = 1;
}
