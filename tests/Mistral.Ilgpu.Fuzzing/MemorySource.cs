using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>A file's bytes in memory; a look beyond them is a fault.</summary>
internal sealed class MemorySource(string name, byte[] bytes) : ByteSource(name, bytes.Length)
{
    private GCHandle _handle = GCHandle.Alloc(bytes, GCHandleType.Pinned);

    public override unsafe ByteRegion Map(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ByteRegion((byte*)_handle.AddrOfPinnedObject() + offset, length, null);
    }

    public override void Read(long offset, Span<byte> destination) =>
        bytes.AsSpan(checked((int)offset), destination.Length).CopyTo(destination);

    public override void Dispose()
    {
        if (_handle.IsAllocated)
        {
            _handle.Free();
        }
    }
}
