using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Tells pipes and terminals from files without waiting for a writer.</summary>
internal static partial class SpecialFiles
{
    /// <summary>
    /// Whether the file can be read at any offset. A file that cannot be examined counts as one, because opening it then reports
    /// the
    /// error.
    /// </summary>
    public static bool CanSeek(string path)
    {
        if (NonBlocking() is not { } flag)
        {
            return true;
        }

        int descriptor = OpenFile(path, flag);
        if (descriptor < 0)
        {
            return true;
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        return stream.CanSeek;
    }

    // Opening a pipe with O_NONBLOCK does not wait for a writer. O_RDONLY is 0 on every system.
    private static int? NonBlocking() => OperatingSystem.IsLinux() ? 0x800 : OperatingSystem.IsMacOS() ? 4 : null;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
