using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>While it lives, Ctrl-C leaves at once: nothing is under way.</summary>
internal sealed class LeaveOnInterrupt : IDisposable
{
    private readonly PosixSignalRegistration _registration =
        PosixSignalRegistration.Create(PosixSignal.SIGINT, static _ => Environment.Exit(ExitCode.Interrupted));

    public void Dispose() => _registration.Dispose();
}
