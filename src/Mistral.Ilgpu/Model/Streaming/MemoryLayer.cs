using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>A layer in host memory.</summary>
internal sealed unsafe class MemoryLayer : IHostLayer
{
    private const int PartBytes = 16 << 20;
    private const int Alignment = 4096;

    private byte* _bytes;

    /// <param name="read">Gives the layer's bytes.</param>
    public MemoryLayer(long length, ReadPart read)
    {
        Length = length;
        _bytes = (byte*)NativeMemory.AlignedAlloc((nuint)length, Alignment);
        for (long at = 0; at < length; at += PartBytes)
        {
            read(at, At(at, (int)Math.Min(PartBytes, length - at)));
        }
    }

    public long Length { get; }

    public void Read(long at, Span<byte> part) => At(at, part.Length).CopyTo(part);

    public nint Address => (nint)_bytes;

    public void Check()
    {
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_bytes);
        _bytes = null;
    }

    private Span<byte> At(long at, int length) => new(_bytes + at, length);
}
