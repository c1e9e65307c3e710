namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>A sequence of bytes with random access.</summary>
internal abstract class ByteSource(string name, long length) : IDisposable
{
    /// <summary>The name for messages.</summary>
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="ModelFileException">The bytes no longer exist, or cannot be read.</exception>
    public abstract void Read(long offset, Span<byte> destination);

    public abstract void Dispose();

    /// <summary>Copies the bytes from <paramref name="offset"/> on to pooled memory, which the caller returns by
    /// disposing.</summary>
    public RentedBytes Rent(long offset, int length)
    {
        var rented = new RentedBytes(length);
        try
        {
            Read(offset, rented.Bytes);
            return rented;
        }
        catch
        {
            rented.Dispose();
            throw;
        }
    }

    public byte[] ReadAll(long offset, int length)
    {
        byte[] bytes = new byte[length];
        Read(offset, bytes);
        return bytes;
    }
}
