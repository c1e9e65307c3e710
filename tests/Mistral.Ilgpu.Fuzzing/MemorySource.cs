using Mistral.Ilgpu.Checkpoints.Files;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>A file's bytes in memory; a look beyond them is a fault.</summary>
internal sealed class MemorySource(string name, byte[] bytes) : ByteSource(name, bytes.Length)
{
    public override void Read(long offset, Span<byte> destination) =>
        bytes.AsSpan(checked((int)offset), destination.Length).CopyTo(destination);

    public override void Dispose()
    {
    }
}
