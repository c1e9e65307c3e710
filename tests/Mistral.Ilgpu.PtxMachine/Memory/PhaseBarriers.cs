namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// A group's barriers in shared memory, <c>mbarrier</c> (PTX ISA, parallel synchronization). A phase ends when as many have
/// arrived as the barrier was made for, and no announced bytes are missing. Who waits for it knows then what was done before the
/// arrivals. Bytes may arrive before they are announced, and are refused where all have arrived and nobody did.
/// </summary>
/// <param name="firstWarp">The group's first warp among those of the clocks.</param>
/// <param name="proxy">Which learns what fences come before arrivals; null where nothing needs them.</param>
internal sealed class PhaseBarriers(SyncClocks clocks, int firstWarp, AsyncProxy? proxy)
{
    public const int Bytes = 8;

    private const int MostArrivals = (1 << 20) - 1;

    private readonly Dictionary<int, Barrier> _barriers = [];

    public void StartGroup() => _barriers.Clear();

    public void Add(int thread, int address, int arrivals)
    {
        if (address % Bytes != 0 || arrivals is < 1 or > MostArrivals)
        {
            throw new PtxException($"a barrier of {arrivals} arrivals at {address}, expected 1 to {MostArrivals} at a multiple of {Bytes}");
        }

        if (!_barriers.TryAdd(address, new Barrier(arrivals, clocks.AddBarrier(), clocks.NewRelease(), proxy?.NewRelease() ?? [], thread, clocks.Now)))
        {
            throw new PtxException($"the barrier at {address} was made before");
        }
    }

    /// <summary>Lets bulk copies and other groups know the barriers that a thread has made.</summary>
    public void Offer(int thread)
    {
        foreach (var barrier in _barriers.Values.Where(barrier => barrier.Maker == thread))
        {
            barrier.OfferedAt = clocks.Now;
        }
    }

    /// <summary>A warp arrives, after it has announced bytes.</summary>
    /// <param name="warp">Among those of the clocks.</param>
    /// <param name="thread">Of the group; −1 where another group's arrives.</param>
    public void Arrive(int warp, int thread, int address, int bytes)
    {
        var barrier = Find(warp, address);
        if (barrier.Pending == 0)
        {
            throw new PtxException($"more than {barrier.Arrivals} arrive at the barrier at {address} in one phase: {barrier}");
        }

        barrier.Pending--;
        barrier.Missing += bytes;
        clocks.Release(warp, barrier.Gathered);
        if (thread >= 0)
        {
            proxy?.Release(thread, barrier.GatheredFences);
        }

        barrier.EndPhase();
    }

    /// <summary>Checks that bulk copies of a warp may arrive at a barrier.</summary>
    public void RequireOffered(int warp, int address)
    {
        var barrier = Find(warp, address);
        if (barrier.OfferedAt == 0 || !Knows(warp, barrier, barrier.OfferedAt))
        {
            throw new PtxException($"bulk copies do not know the barrier at {address}: no fence.mbarrier_init between its start and a barrier of the group");
        }
    }

    /// <summary>Bytes of a bulk copy arrive.</summary>
    /// <returns>The barrier's number among the clocks, and which phase has the bytes.</returns>
    public (int Number, int Phase) Complete(int address, int bytes)
    {
        var barrier = _barriers[address];
        barrier.Missing -= bytes;
        if (barrier is { Missing: < 0, Pending: 0 })
        {
            throw new PtxException($"{bytes} bytes arrive at the barrier at {address}, of which {-barrier.Missing} nobody announced");
        }

        int phase = barrier.Phase + 1;
        barrier.EndPhase();
        return (barrier.Number, phase);
    }

    /// <summary>Whether the phase of a parity has ended; then the warp knows what was done before.</summary>
    public bool TryWait(int warp, int address, uint parity)
    {
        var barrier = Find(warp, address);
        if (parity > 1)
        {
            throw new PtxException($"a parity of {parity}, expected 0 or 1");
        }

        if ((barrier.Phase & 1) == parity)
        {
            return false;
        }

        clocks.Acquire(warp, barrier.Released);
        if (!barrier.HasTold)
        {
            barrier.HasTold = true;
            proxy?.Barrier(0, barrier.ReleasedFences);
        }

        return true;
    }

    /// <summary>Whether the phase of a parity has ended.</summary>
    public bool IsOver(int address, uint parity) => (_barriers[address].Phase & 1) != parity;

    public string Describe(int address) => _barriers[address].ToString();

    public void EndGroup()
    {
        if (_barriers.FirstOrDefault(barrier => barrier.Value.Missing != 0) is { Value: { } barrier } and var (address, _))
        {
            throw new PtxException($"the group ended before bytes had arrived at the barrier at {address}: {barrier}");
        }
    }

    private Barrier Find(int warp, int address)
    {
        if (!_barriers.TryGetValue(address, out var barrier))
        {
            throw new PtxException($"there is no barrier at {address}: no mbarrier.init before");
        }

        return Knows(warp, barrier, barrier.MadeAt)
            ? barrier
            : throw new PtxException($"thread {barrier.Maker} started the barrier at {address} with no barrier of the group between");
    }

    private bool Knows(int warp, Barrier barrier, int time) =>
        warp == firstWarp + (barrier.Maker / Warp.Size) || clocks.Knows(warp, firstWarp + (barrier.Maker / Warp.Size), time);

    private sealed class Barrier(int arrivals, int number, int[] gathered, int[] fences, int maker, int madeAt)
    {
        public int Arrivals { get; } = arrivals;

        public int Number => number;

        public int Maker => maker;

        public int MadeAt => madeAt;

        /// <summary>What those who have arrived in any phase did before.</summary>
        public int[] Gathered { get; } = gathered;

        /// <summary>The same when the last phase ended.</summary>
        public int[] Released { get; } = [.. gathered];

        /// <summary>Fences before any arrival, by the thread of the group.</summary>
        public int[] GatheredFences => fences;

        /// <summary>The same when the last phase ended.</summary>
        public int[] ReleasedFences { get; } = [.. fences];

        /// <summary>Whether somebody has waited for that phase.</summary>
        public bool HasTold { get; set; }

        public int OfferedAt { get; set; }

        public int Pending { get; set; } = arrivals;

        public int Missing { get; set; }

        /// <summary>Phases that have ended.</summary>
        public int Phase { get; private set; }

        public void EndPhase()
        {
            if (Pending > 0 || Missing != 0)
            {
                return;
            }

            Pending = Arrivals;
            Gathered[number] = ++Phase;
            Gathered.CopyTo(Released, 0);
            fences.CopyTo(ReleasedFences, 0);
            HasTold = false;
        }

        public override string ToString() => $"phase {Phase} lacks {Pending} of {Arrivals} arrivals and {Missing} bytes";
    }
}
