namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Groups that run at once and reach each other's shared memory. What a launch has without clusters is a cluster of one group.
/// An address in another group's shared memory names its rank in bits 24 and up, one more than it is; without, the own group's.
/// </summary>
internal sealed class Cluster(int groups, int warpsOfGroup, GlobalMemory global, bool isReversed)
{
    private const int RankShift = 24;

    private readonly ThreadGroup[] _groups = new ThreadGroup[groups];

    // Threads that have arrived at the cluster's barrier in this phase.
    private int _arrived;

    public int Count => groups;

    public SyncClocks Clocks { get; } = new(groups * warpsOfGroup);

    public BulkCopies Copies { get; } = new(global, isReversed);

    /// <summary>Phases of it that have ended.</summary>
    public int Phase { get; private set; }

    /// <summary>The address that another group has for an address of shared memory.</summary>
    public ulong AddressOf(int rank, ulong address) => (uint)rank < groups
        ? ((ulong)(rank + 1) << RankShift) | address : throw new PtxException($"there is no group {rank} in a cluster of {groups}");

    public void Add(ThreadGroup group, int rank) => _groups[rank] = group;

    /// <summary>The first of its groups begins anew.</summary>
    public void Start()
    {
        Clocks.StartGroup();
        Copies.StartGroup();
        (_arrived, Phase) = (0, 0);
    }

    /// <summary>The group of an address of shared memory, and the address in it.</summary>
    /// <param name="own">The rank of the group that names it.</param>
    public (ThreadGroup Group, ulong Address) Find(int own, ulong address)
    {
        ulong rank = address >> RankShift;
        return (Group(rank == 0 ? own : checked((int)rank - 1)), address & ((1UL << RankShift) - 1));
    }

    /// <summary>A group that has not ended.</summary>
    public ThreadGroup Group(int rank)
    {
        var group = rank < groups ? _groups[rank] : throw new PtxException($"there is no group {rank} in a cluster of {groups}");
        return group.HasEnded ? throw new PtxException($"group {rank} of the cluster has ended") : group;
    }

    /// <summary>A thread arrives at the barrier of all threads.</summary>
    public void Arrive()
    {
        if (++_arrived == _groups.Sum(group => group.Threads))
        {
            (_arrived, Phase) = (0, Phase + 1);
            Clocks.Meet(0, Clocks.Warps);
        }
    }

    /// <summary>Runs all groups to their ends.</summary>
    public void Run()
    {
        while (true)
        {
            long before = _groups.Sum(group => group.Executed);
            bool haveEnded = true;
            foreach (var group in _groups)
            {
                haveEnded &= group.HasEnded || group.Advance();
            }

            if (haveEnded)
            {
                return;
            }

            if (before == _groups.Sum(group => group.Executed) && !Copies.Deliver())
            {
                throw _groups.First(group => !group.HasEnded).Deadlock();
            }
        }
    }
}
