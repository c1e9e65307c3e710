namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Allocates host memory that is filled with zeros. Buffers of middle size share slabs, because a large page is larger than many
/// matrices, and their small pages would cost misses of the TLB.
/// </summary>
internal sealed class ZeroedMemory : IDisposable
{
    private const long SlabBytes = 64 << 20;

    // Smaller ones come and go, and would keep a slab from being freed.
    private const long LeastShared = 64 << 10;
    private const long MostShared = SlabBytes / 2;

    private readonly Lock _lock = new();
    private MemorySlab? _slab;

    /// <returns>The address, and what frees it.</returns>
    public (nint Address, IDisposable Owner) Allocate(long bytes)
    {
        if (bytes is < LeastShared or > MostShared)
        {
            var own = new MemorySlab(bytes);
            var all = new Part(own, own.TryTake(bytes));
            own.Release();
            return (all.Address, all);
        }

        lock (_lock)
        {
            nint address = _slab?.TryTake(bytes) ?? 0;
            if (address == 0)
            {
                _slab?.Release();
                _slab = new MemorySlab(SlabBytes);
                address = _slab.TryTake(bytes);
            }

            return (address, new Part(_slab!, address));
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _slab?.Release();
            _slab = null;
        }
    }

    private sealed class Part(MemorySlab slab, nint address) : IDisposable
    {
        private MemorySlab? _slab = slab;

        public nint Address => address;

        public void Dispose() => Interlocked.Exchange(ref _slab, null)?.Release();
    }
}
