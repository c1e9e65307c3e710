using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Hosting;

internal static class ExitCode
{
    public const int Done = 0;
    public const int Fault = 1;
    public const int Usage = 2;
    public const int Device = 3;

    /// <summary>A model or data file, or results that cannot be written.</summary>
    public const int File = 4;

    /// <summary>As shells have it of a process that SIGINT ended.</summary>
    public const int Interrupted = 130;

    /// <summary>As shells have it of a process that a signal ended: 128 and the signal's number.</summary>
    public static int Of(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 129,
        PosixSignal.SIGTERM => 143,
        _ => Interrupted,
    };
}
