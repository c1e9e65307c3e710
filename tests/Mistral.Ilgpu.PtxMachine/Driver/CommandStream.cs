namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Work for the device.</summary>
/// <param name="Host">Page-locked host memory that it reads or writes, from and to below; empty without any.</param>
/// <param name="Function">The handle of what it launches; 0 of what is no launch.</param>
internal readonly record struct Command(Action Run, (ulong From, ulong End) Host = default, nint Function = 0);

/// <summary>
/// A stream's commands in their order. None is run before something waits for it. Hardware may run them at any time from when
/// they were given. So a missing wait, or a change of what a command has yet to read, shows.
/// </summary>
internal sealed class CommandStream
{
    private readonly Queue<Command> _pending = new();

    /// <summary>Commands given since the capture began; null while none is.</summary>
    public List<Command>? Captured { get; private set; }

    /// <summary>Why the capture is invalid.</summary>
    public string? Spoilt { get; private set; }

    public bool IsIdle => _pending.Count == 0;

    /// <summary>Whether something that is not done yet touches these bytes of the host.</summary>
    public bool IsTouching(ulong from, ulong end) => _pending.Any(command => command.Host.From < end && from < command.Host.End);

    public void Add(Command command)
    {
        if (Captured is { } captured)
        {
            captured.Add(command);
        }
        else
        {
            _pending.Enqueue(command);
        }
    }

    public void BeginCapture()
    {
        if (Captured is not null)
        {
            throw new CudaFault(CudaResult.InvalidValue, "the stream is being captured already");
        }

        (Captured, Spoilt) = ([], null);
    }

    public IReadOnlyList<Command> EndCapture()
    {
        var captured = Captured ?? throw new CudaFault(CudaResult.InvalidValue, "the stream is not being captured");
        Captured = null;
        return Spoilt is null
            ? captured
            : throw new CudaFault(CudaResult.CaptureInvalidated, $"the capture is invalid since {Spoilt}");
    }

    /// <summary>Refuses what may not be done while the stream is captured, and spoils the capture.</summary>
    public void RefuseWhileCaptured(string what)
    {
        if (Captured is not null)
        {
            Spoilt ??= what;
            throw new CudaFault(CudaResult.CaptureUnsupported, $"{what} while a stream is captured");
        }
    }

    /// <summary>Runs what is pending. A command that fails leaves those behind it.</summary>
    public void Drain()
    {
        while (_pending.TryDequeue(out var command))
        {
            command.Run();
        }
    }

    /// <summary>Runs the oldest pending command.</summary>
    public void Advance()
    {
        if (_pending.TryDequeue(out var command))
        {
            command.Run();
        }
    }
}
