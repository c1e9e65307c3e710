using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The standard streams of the process. Each may be closed, full, or without a reader.</summary>
internal static partial class StandardStreams
{
    private const int OutputDescriptor = 1;
    private const int ErrorDescriptor = 2;
    private const int GetDescriptorFlags = 1;
    private const int ClosedByExec = 1;

    /// <summary>The stream for results.</summary>
    public static Stream OpenOutput() =>
        OutputStream.ForResults(IsOpen(OutputDescriptor) ? OpenRawOutput() : Stream.Null, "standard output");

    /// <summary>The stream for messages.</summary>
    public static Stream OpenError() =>
        OutputStream.ForMessages(IsOpen(ErrorDescriptor) ? Console.OpenStandardError() : Stream.Null);

    // The console's stream ignores a broken pipe, and a long generation would continue without a reader. A FileStream throws. A
    // regular file needs the console's stream, because that shares its position with other writers.
    private static Stream OpenRawOutput()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            var file = new FileStream(new SafeFileHandle(OutputDescriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!file.CanSeek)
            {
                return file;
            }
        }

        return Console.OpenStandardOutput();
    }

    // If a stream was closed at the start, one of the runtime's own files may now have its number. Those have FD_CLOEXEC, which
    // an
    // inherited stream cannot have.
    private static bool IsOpen(int descriptor) =>
        OperatingSystem.IsWindows()
            || (GetFlags(descriptor, GetDescriptorFlags) is >= 0 and var flags && (flags & ClosedByExec) == 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int GetFlags(int descriptor, int command);
}
