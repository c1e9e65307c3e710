using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The streams that a process is started with. Each may be closed, full, or read by nobody.</summary>
internal static partial class StandardStreams
{
    private const int OutputDescriptor = 1;
    private const int ErrorDescriptor = 2;
    private const int GetDescriptorFlags = 1;
    private const int ClosedByExec = 1;

    /// <summary>For results.</summary>
    public static Stream OpenOutput() =>
        OutputStream.ForResults(IsOpen(OutputDescriptor) ? OpenRawOutput() : Stream.Null, "standard output");

    /// <summary>For messages.</summary>
    public static Stream OpenError() =>
        OutputStream.ForMessages(IsOpen(ErrorDescriptor) ? Console.OpenStandardError() : Stream.Null);

    // The console's own stream swallows a broken pipe, and a long generation would go on for no one. Written as a file it
    // throws. A file proper stays with the console's stream, which shares its position with what else writes to it.
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

    // The runtime's own files may by now have the number of a stream that was closed at the start. They are closed by exec, which
    // what a process inherits cannot be.
    private static bool IsOpen(int descriptor) =>
        OperatingSystem.IsWindows()
            || (GetFlags(descriptor, GetDescriptorFlags) is >= 0 and var flags && (flags & ClosedByExec) == 0);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int GetFlags(int descriptor, int command);
}
