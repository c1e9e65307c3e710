using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli;

/// <summary>While it lives, the first Ctrl-C cancels <see cref="Token"/>; the second ends the process.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _registration;

    public Interrupts() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnInterrupt);

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }

    private void OnInterrupt(PosixSignalContext signal)
    {
        if (_source.IsCancellationRequested)
        {
            Environment.Exit(ExitCode.Interrupted);
        }

        signal.Cancel = true;
        _source.Cancel();
    }
}

/// <summary>While it lives, Ctrl-C leaves at once: nothing is under way.</summary>
internal sealed class LeaveOnInterrupt : IDisposable
{
    private readonly PosixSignalRegistration _registration =
        PosixSignalRegistration.Create(PosixSignal.SIGINT, static _ => Environment.Exit(ExitCode.Interrupted));

    public void Dispose() => _registration.Dispose();
}
