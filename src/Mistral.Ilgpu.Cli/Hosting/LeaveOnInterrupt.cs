using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Makes Ctrl-C end the process at once, until disposed, because no work is running.</summary>
internal sealed class LeaveOnInterrupt : IDisposable
{
    private readonly PosixSignalRegistration _registration =
        PosixSignalRegistration.Create(PosixSignal.SIGINT, static _ => Environment.Exit(ExitCode.Interrupted));

    public void Dispose() => _registration.Dispose();
}
