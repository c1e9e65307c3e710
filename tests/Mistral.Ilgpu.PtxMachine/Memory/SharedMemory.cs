namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A group's shared memory. Before each group it holds a pattern that is a NaN in every width. Every access is checked for races,
/// see <see cref="RaceDetector"/>. It is checked too for bytes that an asynchronous copy has yet to deliver, and those that
/// products still read.
/// </summary>
internal sealed unsafe class SharedMemory
{
    private const byte Unwritten = 0xFF;

    private readonly byte[] _bytes;
    private readonly byte* _start;
    private readonly bool[] _isInFlight;
    private readonly RaceDetector _races;
    private int _inFlight;

    public SharedMemory(int bytes, int threads, int granule, bool hasProducts)
    {
        // A few bytes more than any alignment needs.
        _bytes = GC.AllocateArray<byte>(bytes + 16, pinned: true);
        fixed (byte* start = _bytes)
        {
            _start = (byte*)(((nint)start + 15) & ~15);
        }

        Length = bytes;
        _isInFlight = new bool[bytes];
        _races = new RaceDetector(bytes, threads, granule);
        Proxy = hasProducts ? new AsyncProxy(bytes, threads, granule) : null;
    }

    public int Length { get; }

    /// <summary>How products of warpgroups see it; null where the kernel has none.</summary>
    public AsyncProxy? Proxy { get; }

    public void StartGroup()
    {
        new Span<byte>(_start, Length).Fill(Unwritten);
        _isInFlight.AsSpan().Clear();
        _inFlight = 0;
        _races.GroupBarrier();
        Proxy?.StartGroup();
    }

    public void GroupBarrier()
    {
        _races.GroupBarrier();
        Proxy?.GroupBarrier();
    }

    public void WarpBarrier(int warp) => _races.WarpBarrier(warp);

    public byte* Read(int thread, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
        _races.Read(thread, (int)address, bytes);
        return at;
    }

    public byte* Write(int thread, ulong address, int bytes)
    {
        byte* at = At(address, bytes);
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
        _isInFlight.AsSpan((int)address, bytes).Fill(true);
        _inFlight += bytes;
    }

    /// <summary>An asynchronous copy has written them.</summary>
    public byte* EndCopy(int thread, ulong address, int bytes)
    {
        _isInFlight.AsSpan((int)address, bytes).Clear();
        _inFlight -= bytes;
        return Write(thread, address, bytes);
    }

    private byte* At(ulong address, int bytes)
    {
        if (address > (ulong)Length || address + (ulong)bytes > (ulong)Length)
        {
            throw new PtxException($"{bytes} bytes of shared memory at {address}, which has {Length}");
        }

        if (_inFlight > 0 && _isInFlight.AsSpan((int)address, bytes).Contains(true))
        {
            throw new PtxException($"shared memory at {address} is touched while an asynchronous copy to it is under way: no cp.async.wait_group before");
        }

        return _start + address;
    }
}
