namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>A file embedded in this assembly, which the runtime has already mapped to memory.</summary>
internal sealed class EmbeddedFile(string name, UnmanagedMemoryStream stream) : ByteSource(name, stream.Length)
{
    private readonly unsafe byte* _start = stream.PositionPointer;

    public static bool Exists(string name) => typeof(EmbeddedFile).Assembly.GetManifestResourceInfo(name) is not null;

    public static EmbeddedFile Open(string name) =>
        new(name, (UnmanagedMemoryStream)typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name)!);

    public override unsafe void Read(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - destination.Length);
        new ReadOnlySpan<byte>(_start + offset, destination.Length).CopyTo(destination);
    }

    public override void Dispose() => stream.Dispose();
}
