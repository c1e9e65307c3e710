using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Hosting;

internal static class ExitCode
{
    public const int Done = 0;
    public const int Fault = 1;
    public const int Usage = 2;
    public const int Device = 3;

    /// <summary>A model or data file is missing or damaged, or results cannot be written.</summary>
    public const int File = 4;

    /// <summary>The code that shells return for a process ended by SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>The code that shells return for a process ended by a signal: 128 plus the signal's number.</summary>
    public static int Of(PosixSignal signal) => signal switch
    {
        PosixSignal.SIGHUP => 129,
        PosixSignal.SIGTERM => 143,
        _ => Interrupted,
    };
}
