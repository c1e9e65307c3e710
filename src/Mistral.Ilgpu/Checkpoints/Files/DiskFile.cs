using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>
/// An open file. It is read and not memory-mapped, because the process dies if it touches a mapped page of a file that was
/// shortened. Reading is also 1.5 times as fast for bytes that are copied anyway, because it causes no page faults.
/// </summary>
internal sealed class DiskFile : ByteSource
{
    private readonly SafeFileHandle _handle;

    private DiskFile(string path, SafeFileHandle handle, long length)
        : base(path, length) => _handle = handle;

    /// <exception cref="ModelFileException">The file is missing, unreadable, empty, or not a regular file.</exception>
    public static DiskFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            if (!SpecialFiles.CanSeek(path))
            {
                throw new ModelFileException(path, "found a pipe or a device, expected a regular file of a model");
            }

            handle = File.OpenHandle(path);
            // FileInfo returns the length of a link's own text, and Hugging Face's cache consists of links.
            long length = RandomAccess.GetLength(handle);
            return length > 0
                ? new DiskFile(path, handle, length)
                : throw new ModelFileException(path, "found an empty file, expected one of a model");
        }
        catch (Exception exception)
        {
            handle?.Dispose();
            throw exception is IOException or UnauthorizedAccessException or NotSupportedException
                ? new ModelFileException(path, $"cannot be opened: {exception.Message}")
                : exception;
        }
    }

    public override void Read(long offset, Span<byte> destination)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = ReadSome(offset + done, destination[done..]);
            if (read == 0)
            {
                throw new ModelFileException(
                    Name, $"found its end at byte {offset + done}, expected {Length} bytes as when it was opened");
            }

            done += read;
        }
    }

    public override void Dispose() => _handle.Dispose();

    private int ReadSome(long offset, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle, destination, offset);
        }
        catch (IOException exception)
        {
            throw new ModelFileException(Name, $"cannot be read at byte {offset}: {exception.Message}");
        }
    }
}
