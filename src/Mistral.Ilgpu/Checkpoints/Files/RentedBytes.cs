using System.Buffers;

namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Memory from the shared pool, returned to it by disposing.</summary>
internal readonly ref struct RentedBytes(int length)
{
    private readonly byte[] _pooled = ArrayPool<byte>.Shared.Rent(length);

    public Span<byte> Bytes => _pooled.AsSpan(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(_pooled);
}
