using System.IO.MemoryMappedFiles;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Bytes that can be looked at in pieces without reading them all.</summary>
internal abstract class ByteSource(string name, long length) : IDisposable
{
    /// <summary>How messages name it.</summary>
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>Runs <paramref name="read"/> on the bytes from <paramref name="offset"/>, which are valid only meanwhile.</summary>
    public abstract void Read(long offset, int length, ReadBytes read);

    public abstract void Dispose();

    public byte[] ReadAll(long offset, int length)
    {
        var bytes = new byte[length];
        Read(offset, length, span => span.CopyTo(bytes));
        return bytes;
    }
}

internal delegate void ReadBytes(ReadOnlySpan<byte> bytes);

/// <summary>A memory-mapped file. Each read maps its own view, so pages already used do not add up in this process.</summary>
internal sealed class MappedFile : ByteSource
{
    private readonly MemoryMappedFile _file;

    private MappedFile(string path, long length, MemoryMappedFile file)
        : base(path, length) => _file = file;

    /// <exception cref="ModelFileException">The file is missing, unreadable or empty.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length == 0)
            {
                throw new ModelFileException(path, "found an empty file, expected weights");
            }

            return new MappedFile(path, length, MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"cannot be opened: {exception.Message}");
        }
    }

    public override unsafe void Read(long offset, int length, ReadBytes read)
    {
        using var view = _file.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            read(new ReadOnlySpan<byte>(pointer + view.PointerOffset, length));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    public override void Dispose() => _file.Dispose();
}

/// <summary>A file embedded in this assembly, which the runtime has mapped already.</summary>
internal sealed class EmbeddedFile(string name, UnmanagedMemoryStream stream) : ByteSource(name, stream.Length)
{
    public static EmbeddedFile? Find(string name) =>
        typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name) is UnmanagedMemoryStream stream ? new(name, stream) : null;

    public override unsafe void Read(long offset, int length, ReadBytes read)
    {
        stream.Position = 0;
        read(new ReadOnlySpan<byte>(stream.PositionPointer + offset, length));
    }

    public override void Dispose() => stream.Dispose();
}
