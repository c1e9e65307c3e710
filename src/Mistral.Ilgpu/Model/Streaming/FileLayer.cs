using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>
/// A layer in a file of its own: the layer's bytes, then a trailer. The layer begins where the file does, and is written in
/// parts as large as a large page. So Linux keeps the file in large pages, and maps 512 times fewer of them.
/// </summary>
internal sealed class FileLayer : IHostLayer
{
    // Magic number and version, length of the layer, XXH3 of its bytes.
    private const int TrailerBytes = 3 * sizeof(ulong);
    private const ulong Magic = 0x32_5245_5941_4c4d;
    private const int BufferBytes = NativeDrivers.LargePageBytes;

    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private MemoryMappedViewAccessor? _view;
    private nint _start;

    private FileLayer(string path, SafeFileHandle handle, long length) => (_path, _handle, Length) = (path, handle, length);

    public long Length { get; }

    /// <summary>Bytes of a file.</summary>
    public static long FileBytes(long length) => length + TrailerBytes;

    /// <summary>Opens a file and checks it; null if it is missing or damaged.</summary>
    /// <param name="isMapped">Whether it is mapped. The check then leaves its pages in place for the first pass.</param>
    public static FileLayer? TryOpen(string path, long length, bool isMapped)
    {
        FileLayer? layer = null;
        try
        {
            // The runtime asks once for the length of a file that others may not write.
            layer = new FileLayer(path, File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete), length);
            if (RandomAccess.GetLength(layer._handle) == FileBytes(length))
            {
                if (isMapped)
                {
                    layer.MapFile();
                }

                if (layer.IsWhole())
                {
                    return layer;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ModelFileException)
        {
            // As if there were no file.
        }

        layer?.Dispose();
        return null;
    }

    /// <summary>Writes a file, which has its name only when it is whole.</summary>
    /// <param name="read">Gives the layer's bytes.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, long length, ReadPart read)
    {
        using var partial = new PartialOutput(path);
        using (var file = File.OpenHandle(
            partial.Path, FileMode.Create, FileAccess.Write, preallocationSize: FileBytes(length)))
        {
            ulong hash = HashOf(length, Buffered((at, part) =>
            {
                read(at, part);
                RandomAccess.Write(file, part, at);
            }));
            RandomAccess.Write(file, Trailer(length, hash), length);
        }

        File.Move(partial.Path, path, overwrite: true);
    }

    public void Read(long at, Span<byte> part) => ReadFile(at, part);

    public nint Address => _start;

    public void Check()
    {
        long length = RandomAccess.GetLength(_handle);
        if (length < FileBytes(Length))
        {
            throw new ModelFileException(
                _path, $"found its end at byte {length}, expected {FileBytes(Length)} bytes, as when it was opened");
        }
    }

    public void Dispose()
    {
        if (_start != 0)
        {
            _start = 0;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _handle.Dispose();
    }

    private void ReadFile(long position, Span<byte> part)
    {
        for (int done = 0; done < part.Length;)
        {
            int read = ReadSome(position + done, part[done..]);
            done += read > 0 ? read : throw new ModelFileException(
                _path, $"found its end at byte {position + done}, expected more, as when it was opened");
        }
    }

    private int ReadSome(long position, Span<byte> part)
    {
        try
        {
            return RandomAccess.Read(_handle, part, position);
        }
        catch (IOException exception)
        {
            throw new ModelFileException(_path, $"cannot be read at byte {position}: {exception.Message}");
        }
    }

    private unsafe void MapFile()
    {
        // The view keeps the mapping.
        using var map = MemoryMappedFile.CreateFromFile(
            _handle, null, FileBytes(Length), MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = map.CreateViewAccessor(0, FileBytes(Length), MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = (nint)start;
        NativeDrivers.PreferLargePages(_start, Length);
    }

    private unsafe bool IsWhole()
    {
        ulong hash = HashOf(
            Length, _start == 0 ? Buffered(Read) : (at, length) => new ReadOnlySpan<byte>((byte*)_start + at, length));
        byte[] expected = Trailer(Length, hash);
        byte[] found = new byte[expected.Length];
        ReadFile(Length, found);
        return found.AsSpan().SequenceEqual(expected);
    }

    private static PartAt Buffered(ReadPart read)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        return (at, length) =>
        {
            var part = buffer.AsSpan(0, length);
            read(at, part);
            return part;
        };
    }

    private static ulong HashOf(long length, PartAt part)
    {
        var hash = new XxHash3();
        for (long at = 0; at < length; at += BufferBytes)
        {
            hash.Append(part(at, (int)Math.Min(BufferBytes, length - at)));
        }

        return hash.GetCurrentHashAsUInt64();
    }

    private static byte[] Trailer(long length, ulong hash)
    {
        byte[] trailer = new byte[TrailerBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(trailer.AsSpan(sizeof(ulong)), length);
        BinaryPrimitives.WriteUInt64LittleEndian(trailer.AsSpan(2 * sizeof(ulong)), hash);
        return trailer;
    }

    // A part of the layer, until the next one is asked for.
    private delegate ReadOnlySpan<byte> PartAt(long at, int length);
}
