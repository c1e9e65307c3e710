namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Bytes that can be looked at in pieces without reading them all.</summary>
internal abstract class ByteSource(string name, long length) : IDisposable
{
    /// <summary>How messages name it.</summary>
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>Copies the bytes from <paramref name="offset"/> on that fill <paramref name="destination"/>.</summary>
    /// <exception cref="ModelFileException">They are not there any more, or cannot be read.</exception>
    public abstract void Read(long offset, Span<byte> destination);

    public abstract void Dispose();

    /// <summary>A copy of the bytes from <paramref name="offset"/>, in memory that is used again once it is disposed.</summary>
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
