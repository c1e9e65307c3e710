using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Checkpoints.Files;

/// <summary>Tells pipes and terminals from files without waiting for who writes to them.</summary>
internal static partial class SpecialFiles
{
    /// <summary>Whether any part of the file can be read. What cannot be looked at counts as a file: opening it says
    /// why.</summary>
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

    // Opened so, a pipe that nobody writes to does not wait; read-only is 0 everywhere.
    private static int? NonBlocking() => OperatingSystem.IsLinux() ? 0x800 : OperatingSystem.IsMacOS() ? 4 : null;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
