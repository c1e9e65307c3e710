namespace Mistral.Ilgpu.Server.Loading;

/// <summary>One of a server's models, in memory or not. Requests lease it, and a leased model stays. Every member is for any
/// thread, but one thread at a time opens and empties it.</summary>
internal sealed class ModelSlot(
    string name, NamedModel source, ServedAdapters adapters, TimeProvider time)
{
    // In place of the number of leases while there is no model to lease.
    private const int Closed = -1;

    private int _leases = Closed;
    private int _awaiting;
    private long _lastUse;
    private volatile ServedModel? _model;

    public string Name => name;

    public NamedModel Source => source;

    public ServedAdapters Adapters => adapters;

    /// <summary>When the server began to have it, in seconds since 1970.</summary>
    public long Created { get; } = time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>Longest text in tokens; null for no limit.</summary>
    public int? Context => _model is { } model ? model.Language.Info.Context : source.Context;

    /// <summary>The model while it is in memory. It may go at any time, unless it is leased.</summary>
    public ServedModel? Model => _model;

    /// <summary>What the model's engine does now. A model that is not in memory is idle.</summary>
    public EngineStatus Status =>
        _model?.Language.Engine.Status ?? new EngineStatus(EngineState.Healthy, 0, 0, TimeSpan.Zero, Fault: null);

    /// <summary>Whether the model's device has failed.</summary>
    public bool IsFaulted => Status.State == EngineState.Faulted;

    /// <summary>How long there has been no lease; zero while there is one.</summary>
    public TimeSpan IdleTime =>
        Volatile.Read(ref _leases) > 0 ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _lastUse));

    /// <summary>Leases the model, if it is in memory.</summary>
    public bool TryLease()
    {
        int leases = Volatile.Read(ref _leases);
        while (leases != Closed)
        {
            int found = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
            if (found == leases)
            {
                return true;
            }

            leases = found;
        }

        return false;
    }

    /// <summary>Ends a lease.</summary>
    public void Release()
    {
        Volatile.Write(ref _lastUse, time.GetTimestamp());
        Interlocked.Decrement(ref _leases);
    }

    /// <summary>Notes that a request waits to lease it, so that it is not unloaded before that.</summary>
    public void BeginWait() => Interlocked.Increment(ref _awaiting);

    public void EndWait() => Interlocked.Decrement(ref _awaiting);

    /// <summary>Puts a model in, to be leased from now on.</summary>
    public void Open(ServedModel model)
    {
        _model = model;
        Volatile.Write(ref _lastUse, time.GetTimestamp());
        Volatile.Write(ref _leases, 0);
    }

    /// <summary>Takes the model out, if nobody leases it or waits to.</summary>
    /// <param name="isFaulted">Whether it goes although requests wait, which only another can answer.</param>
    /// <returns>The model; null if it stays.</returns>
    public ServedModel? TryTake(bool isFaulted = false)
    {
        if ((Volatile.Read(ref _awaiting) > 0 && !isFaulted)
            || Interlocked.CompareExchange(ref _leases, Closed, 0) != 0)
        {
            return null;
        }

        var model = _model;
        _model = null;
        return model;
    }
}
