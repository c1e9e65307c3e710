using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>
/// Handles signals that end the process, until disposed. The first one cancels <see cref="Token"/>, so that the work ends in
/// order.
/// The second one ends the process at once.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    private readonly Terminal _terminal;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interrupts(Terminal terminal)
    {
        _terminal = terminal;
        _terminal.Interruption = null;
        _registrations =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
                .Select(signal => PosixSignalRegistration.Create(signal, OnSignal)),
        ];
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Throws for other signals than Ctrl-C. Ctrl-C may end only a part of the work; other signals end all of
    /// it.</summary>
    public void ThrowIfTerminated()
    {
        if (_terminal.Interruption is not (null or ExitCode.Interrupted))
        {
            throw new OperationCanceledException(Token);
        }
    }

    public void Dispose()
    {
        Array.ForEach(_registrations, registration => registration.Dispose());
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        int code = ExitCode.Of(context.Signal);
        _terminal.Interruption = code;
        if (_source.IsCancellationRequested)
        {
            _terminal.ShowCursor();
            Environment.Exit(code);
        }

        context.Cancel = true;
        _source.Cancel();
    }
}
