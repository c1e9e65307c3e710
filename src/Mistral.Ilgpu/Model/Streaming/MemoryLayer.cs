using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>A layer in host memory.</summary>
internal sealed unsafe class MemoryLayer : IHostLayer
{
    private byte* _bytes;

    public MemoryLayer(long length) => _bytes = (byte*)NativeMemory.Alloc((nuint)length);

    public void Read(long at, Span<byte> part) => At(at, part.Length).CopyTo(part);

    public void Write(long at, ReadOnlySpan<byte> part) => part.CopyTo(At(at, part.Length));

    public void Dispose()
    {
        NativeMemory.Free(_bytes);
        _bytes = null;
    }

    private Span<byte> At(long at, int length) => new(_bytes + at, length);
}
