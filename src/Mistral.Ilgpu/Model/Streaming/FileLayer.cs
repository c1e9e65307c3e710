using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>
/// A layer in a file of its own: a header, then the layer's bytes. The file is read and not mapped, because the process dies if
/// it touches a mapped page of a file that was shortened.
/// </summary>
internal sealed class FileLayer : IHostLayer
{
    // Magic number and version, length of the layer, XXH3 of its bytes. The layer begins on a page.
    private const int HeaderBytes = 4096;
    private const ulong Magic = 0x31_5245_5941_4c4d;
    private const int BufferBytes = 1 << 20;

    private readonly string _path;
    private readonly SafeFileHandle _handle;

    private FileLayer(string path, SafeFileHandle handle) => (_path, _handle) = (path, handle);

    /// <summary>Bytes of a file.</summary>
    public static long FileBytes(long length) => HeaderBytes + length;

    /// <summary>Opens a file and checks it; null if it is missing or damaged.</summary>
    public static FileLayer? TryOpen(string path, long length)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
            var layer = new FileLayer(path, handle);
            if (RandomAccess.GetLength(handle) == FileBytes(length) && layer.IsWhole(length))
            {
                return layer;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ModelFileException)
        {
            // As if there were no file.
        }

        handle?.Dispose();
        return null;
    }

    /// <summary>Writes a file under another name, and renames it when it is whole.</summary>
    /// <param name="read">Gives a part of the layer.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, long length, ReadPart read)
    {
        string part = $"{path}.{Environment.ProcessId}.part";
        try
        {
            using (var file = File.OpenHandle(part, FileMode.Create, FileAccess.Write, preallocationSize: FileBytes(length)))
            {
                var hash = new XxHash3();
                byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
                for (long at = 0; at < length; at += BufferBytes)
                {
                    var some = buffer.AsSpan(0, (int)Math.Min(BufferBytes, length - at));
                    read(at, some);
                    hash.Append(some);
                    RandomAccess.Write(file, some, HeaderBytes + at);
                }

                RandomAccess.Write(file, Header(length, hash.GetCurrentHashAsUInt64()), 0);
            }

            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    public void Read(long at, Span<byte> part)
    {
        for (int done = 0; done < part.Length;)
        {
            int read = ReadSome(HeaderBytes + at + done, part[done..]);
            done += read > 0 ? read : throw new ModelFileException(
                _path, $"found its end at byte {HeaderBytes + at + done}, expected more, as when it was opened");
        }
    }

    public void Dispose() => _handle.Dispose();

    private int ReadSome(long at, Span<byte> part)
    {
        try
        {
            return RandomAccess.Read(_handle, part, at);
        }
        catch (IOException exception)
        {
            throw new ModelFileException(_path, $"cannot be read at byte {at}: {exception.Message}");
        }
    }

    private bool IsWhole(long length)
    {
        var hash = new XxHash3();
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
        for (long at = 0; at < length; at += BufferBytes)
        {
            var some = buffer.AsSpan(0, (int)Math.Min(BufferBytes, length - at));
            Read(at, some);
            hash.Append(some);
        }

        Span<byte> header = stackalloc byte[3 * sizeof(ulong)];
        Read(-HeaderBytes, header);
        return header.SequenceEqual(Header(length, hash.GetCurrentHashAsUInt64()));
    }

    private static byte[] Header(long length, ulong hash)
    {
        byte[] header = new byte[3 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(sizeof(ulong)), length);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(2 * sizeof(ulong)), hash);
        return header;
    }

    /// <summary>Gives a part of a layer, which begins at a byte.</summary>
    internal delegate void ReadPart(long at, Span<byte> part);
}
