using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Bytes that can be looked at in pieces without reading them all.</summary>
internal abstract class ByteSource(string name, long length) : IDisposable
{
    /// <summary>How messages name it.</summary>
    public string Name { get; } = name;

    public long Length { get; } = length;

    /// <summary>At least one byte from <paramref name="offset"/>, to look at until the region is disposed.</summary>
    public abstract ByteRegion Map(long offset, int length);

    /// <summary>Copies the bytes from <paramref name="offset"/> on that fill <paramref name="destination"/>.</summary>
    public virtual void Read(long offset, Span<byte> destination)
    {
        using var region = Map(offset, destination.Length);
        region.Bytes.CopyTo(destination);
    }

    public abstract void Dispose();

    public byte[] ReadAll(long offset, int length)
    {
        byte[] bytes = new byte[length];
        Read(offset, bytes);
        return bytes;
    }
}

/// <summary>Bytes of a source, valid until it is disposed.</summary>
internal readonly unsafe ref struct ByteRegion(byte* start, int length, IDisposable? owner)
{
    public ReadOnlySpan<byte> Bytes => new(start, length);

    public void Dispose() => owner?.Dispose();
}

/// <summary>A memory-mapped file. Each region is a view of its own, so pages already used do not add up in this process.</summary>
internal sealed class MappedFile : ByteSource
{
    private readonly SafeFileHandle _handle;
    private readonly MemoryMappedFile _file;

    private MappedFile(string path, FileStream stream)
        : base(path, stream.Length)
    {
        _handle = stream.SafeFileHandle;
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
    }

    /// <exception cref="ModelFileException">The file is missing, unreadable or empty.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            // FileInfo gives a link the length of its own text, and Hugging Face's cache is made of links.
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (stream.Length == 0)
            {
                stream.Dispose();
                throw new ModelFileException(path, "found an empty file, expected one of a model");
            }

            return new MappedFile(path, stream);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(path, $"cannot be opened: {exception.Message}");
        }
    }

    public override unsafe ByteRegion Map(long offset, int length)
    {
        // A view of no bytes would be one of the whole rest of the file.
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var view = _file.CreateViewAccessor(offset, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        return new ByteRegion(pointer + view.PointerOffset, length, new PinnedView(view));
    }

    // To read what is copied anyway costs no faults: half as fast again as through a mapping, from the page cache.
    public override void Read(long offset, Span<byte> destination)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = RandomAccess.Read(_handle, destination[done..], offset + done);
            if (read == 0)
            {
                throw new ModelFileException(Name, $"found its end at byte {offset + done}, expected {Length} bytes as when it was opened");
            }

            done += read;
        }
    }

    public override void Dispose() => _file.Dispose();

    private sealed class PinnedView(MemoryMappedViewAccessor view) : IDisposable
    {
        public void Dispose()
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
        }
    }
}

/// <summary>A file embedded in this assembly, which the runtime has mapped already.</summary>
internal sealed class EmbeddedFile(string name, UnmanagedMemoryStream stream) : ByteSource(name, stream.Length)
{
    private readonly unsafe byte* _start = stream.PositionPointer;

    public static bool Exists(string name) => typeof(EmbeddedFile).Assembly.GetManifestResourceInfo(name) is not null;

    public static EmbeddedFile Open(string name) => new(name, (UnmanagedMemoryStream)typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name)!);

    public override unsafe ByteRegion Map(long offset, int length) => new(_start + offset, length, null);

    public override void Dispose() => stream.Dispose();
}
