namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A group's shared memory. Before each group it holds a pattern that is a NaN in every width. Every access is checked for races,
/// see <see cref="RaceDetector"/>. It is checked too for bytes that an asynchronous copy has yet to deliver, and those that
/// products still read.
/// </summary>
internal sealed unsafe class SharedMemory
{
    private const byte Unwritten = 0xFF;
    private const int PieceBytes = 16;

    private readonly byte[] _bytes;
    private readonly byte* _start;
    private readonly Mark[] _marks;
    private readonly SyncClocks _clocks;
    private readonly int _firstWarp;
    private readonly RaceDetector _races;

    // Which phase of which barrier brought a piece; 0 of none.
    private readonly (int Number, int Phase)[] _arrived;
    private int _marked;
    private bool _hasArrived;

    /// <param name="clocks">Of the group's warps, and of the other groups of its cluster.</param>
    /// <param name="firstWarp">The group's first warp among those.</param>
    public SharedMemory(int bytes, int threads, int granule, bool hasProxy, SyncClocks clocks, int firstWarp)
    {
        // A few bytes more than any alignment needs.
        _bytes = GC.AllocateArray<byte>(bytes + 16, pinned: true);
        fixed (byte* start = _bytes)
        {
            _start = (byte*)(((nint)start + 15) & ~15);
        }

        Length = bytes;
        (_clocks, _firstWarp) = (clocks, firstWarp);
        _marks = new Mark[bytes];
        _arrived = new (int, int)[hasProxy ? (bytes + PieceBytes - 1) / PieceBytes : 0];
        _races = new RaceDetector(bytes, threads, granule, clocks, firstWarp);
        Proxy = hasProxy ? new AsyncProxy(bytes, threads, granule, clocks, firstWarp) : null;
        Barriers = new PhaseBarriers(clocks, firstWarp, Proxy);
    }

    private enum Mark : byte
    {
        None,
        InFlight,
        Barrier,
    }

    public int Length { get; }

    /// <summary>How products of warpgroups and bulk copies see it; null where the kernel has none.</summary>
    public AsyncProxy? Proxy { get; }

    public PhaseBarriers Barriers { get; }

    public void StartGroup()
    {
        new Span<byte>(_start, Length).Fill(Unwritten);
        _marks.AsSpan().Clear();
        _arrived.AsSpan().Clear();
        (_marked, _hasArrived) = (0, false);
        Proxy?.StartGroup();
        Barriers.StartGroup();
    }

    /// <summary>Whole warps of the group have met.</summary>
    public void Meet(int firstThread, int threads)
    {
        _clocks.Meet(_firstWarp + (firstThread / Warp.Size), (threads + Warp.Size - 1) / Warp.Size);
        Proxy?.Barrier(firstThread, threads);
    }

    /// <summary>Room for what warps release at a barrier.</summary>
    public BarrierRelease NewRelease() => new(_clocks.NewRelease());

    /// <summary>A warp of the group comes to a barrier.</summary>
    public void Release(int warp, BarrierRelease to)
    {
        _clocks.Release(_firstWarp + warp, to.Clocks);
        if (Proxy is not null)
        {
            to.Fences.Add((warp * Warp.Size, Proxy.Fences(warp * Warp.Size, Warp.Size)));
        }
    }

    /// <summary>A warp passes the barrier.</summary>
    public void Acquire(int warp, BarrierRelease from)
    {
        _clocks.Acquire(_firstWarp + warp, from.Clocks);
        from.Fences.ForEach(fences => Proxy!.Barrier(fences.FirstThread, fences.Counts));
    }

    public void WarpBarrier(int warp)
    {
        _races.WarpBarrier(warp);
        Proxy?.WarpBarrier(warp);
    }

    public byte* Read(int thread, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
        RequireArrived(thread, address, bytes);
        _races.Read(thread, (int)address, bytes);
        return at;
    }

    /// <summary>A product reads that a thread began.</summary>
    public byte* ReadByProduct(int thread, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
        RequireArrived(thread, address, bytes);
        _races.CheckRead(thread, (int)address, bytes);
        return at;
    }

    public byte* Write(int thread, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
        RequireArrived(thread, address, bytes);
        Proxy?.Written(thread, (int)address, bytes);
        _races.Write(thread, (int)address, bytes);
        return at;
    }

    /// <summary>For atomic operations, which race with nothing.</summary>
    public byte* Update(ulong address, int bytes) => At(address, bytes);

    /// <summary>An asynchronous copy may write these bytes from now on.</summary>
    public void StartCopy(int thread, ulong address, int bytes)
    {
        new Span<byte>(Write(thread, address, bytes), bytes).Fill(Unwritten);
        Put(Mark.InFlight, (int)address, bytes);
    }

    /// <summary>An asynchronous copy has written them.</summary>
    public byte* EndCopy(int thread, ulong address, int bytes)
    {
        Take((int)address, bytes);
        return Write(thread, address, bytes);
    }

    /// <summary>The same of a bulk copy, which is no act of the thread.</summary>
    /// <param name="thread">−1 of another group.</param>
    /// <param name="warp">Its among those of the clocks.</param>
    public void StartBulkCopy(int thread, int warp, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
        Proxy!.WrittenInBulk(warp, (int)address, bytes);
        _races.CheckWrite(thread, warp, (int)address, bytes);
        new Span<byte>(at, bytes).Fill(Unwritten);
        Put(Mark.InFlight, (int)address, bytes);
    }

    /// <param name="number">The number of the barrier at which it arrives.</param>
    public byte* EndBulkCopy(int address, int bytes, int number, int phase)
    {
        Take(address, bytes);
        _hasArrived = true;
        _arrived.AsSpan(address / PieceBytes, bytes / PieceBytes).Fill((number, phase));
        return _start + address;
    }

    /// <summary>A thread makes a barrier of eight bytes.</summary>
    public void StartBarrier(int thread, ulong address, int arrivals)
    {
        Write(thread, address, PhaseBarriers.Bytes);
        Barriers.Add(thread, (int)address, arrivals);
        Put(Mark.Barrier, (int)address, PhaseBarriers.Bytes);
    }

    private void Put(Mark mark, int address, int bytes)
    {
        _marks.AsSpan(address, bytes).Fill(mark);
        _marked += bytes;
    }

    private void Take(int address, int bytes)
    {
        _marks.AsSpan(address, bytes).Clear();
        _marked -= bytes;
    }

    // What a bulk copy brought is for those who know that its barrier's phase has ended.
    private void RequireArrived(int thread, ulong address, int bytes)
    {
        if (!_hasArrived)
        {
            return;
        }

        for (int piece = (int)address / PieceBytes; piece * PieceBytes < (int)address + bytes; piece++)
        {
            if (_arrived[piece] is { Phase: > 0 } arrived && !_clocks.Knows(_firstWarp + (thread / Warp.Size), arrived.Number, arrived.Phase))
            {
                throw new PtxException($"thread {thread} touches shared memory at {piece * PieceBytes}, which a bulk copy has brought, without having waited for its barrier");
            }
        }
    }

    private byte* At(ulong address, int bytes)
    {
        if (address > (ulong)Length || address + (ulong)bytes > (ulong)Length)
        {
            throw new PtxException($"{bytes} bytes of shared memory at {address}, which has {Length}");
        }

        if (_marked > 0 && _marks.AsSpan((int)address, bytes) is var marks && marks.ContainsAnyExcept(Mark.None))
        {
            throw new PtxException(marks.Contains(Mark.Barrier)
                ? $"shared memory at {address} is touched where a barrier is"
                : $"shared memory at {address} is touched while an asynchronous copy to it is under way: no cp.async.wait_group before, or no wait for its barrier");
        }

        return _start + address;
    }
}
