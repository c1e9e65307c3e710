namespace Mistral.Ilgpu.PtxMachine;

/// <summary>What the loop over instructions must do for one.</summary>
internal enum InstructionKind
{
    /// <summary>Reads and writes registers alone.</summary>
    Registers,
    Branch,
    Exit,
    Trap,
    Load,
    Store,
    Atomic,
    Barrier,

    /// <summary>The lanes of a warp meet, and one computes for all.</summary>
    Warp,
    AsyncCopy,
    AsyncCommit,
    AsyncWait,
    Fence,

    /// <summary>What the thread wrote to shared memory is for the asynchronous proxy too.</summary>
    ProxyFence,

    /// <summary>Barriers in shared memory are made, offered and arrived at, and bulk copies of tiles begun, see
    /// <see cref="BulkOperation"/>.</summary>
    Bulk,

    /// <summary>Waits for a phase of a barrier in shared memory.</summary>
    TryWait,

    /// <summary>Waits until all threads of the cluster have arrived.</summary>
    ClusterWait,

    /// <summary>Waits for the kernel before.</summary>
    Await,

    /// <summary>A line is brought to a cache.</summary>
    Prefetch,

    /// <summary>Many lines are.</summary>
    BulkPrefetch,
    Nothing,
}

/// <summary>What a thread does by itself with barriers in shared memory and bulk copies.</summary>
internal enum BulkOperation
{
    StartBarrier,
    OfferBarriers,
    Arrive,
    AnnounceBytes,
    ArriveInCluster,
    FindInCluster,
    AcquireMap,
    Copy,
}

internal enum AddressSpace
{
    Generic,
    Global,
    Shared,
    Local,
    Param,
}

/// <summary>Computes from registers to registers; <paramref name="registers"/> is the first of the thread's.</summary>
internal delegate void RegisterOperation(ref ulong registers, Instruction instruction);

/// <summary>Computes for lanes of a warp that have met.</summary>
internal delegate void WarpOperation(Warp warp, uint lanes, Instruction instruction);

/// <summary>The new value of a place in memory from the old one and up to two operands.</summary>
internal delegate ulong AtomicOperation(ulong old, ulong a, ulong b);

/// <summary>
/// A decoded instruction. Every operand is a slot of the thread's registers. Constants, addresses of arrays and special registers
/// have slots of their own behind the declared registers. So none needs a case of its own when it is read.
/// </summary>
internal sealed record Instruction
{
    public InstructionKind Kind { get; init; }

    /// <summary>The source, for messages.</summary>
    public required string Text { get; init; }

    /// <summary>The predicate that must hold; −1 without one.</summary>
    public int Guard { get; init; } = -1;

    public bool IsGuardNegated { get; init; }

    /// <summary>The slots of the operands in their order, those in braces as well.</summary>
    public int[] Operands { get; init; } = [];

    /// <summary>How many of them each operand has.</summary>
    public int[] Counts { get; init; } = [];

    /// <summary>The first four of <see cref="Operands"/>, at hand.</summary>
    public int D { get; private set; }

    public int A { get; private set; }

    public int B { get; private set; }

    public int C { get; private set; }

    public RegisterOperation? Compute { get; init; }

    public WarpOperation? Meet { get; init; }

    public AtomicOperation? Update { get; init; }

    public BulkOperation Bulk { get; init; }

    /// <summary>Where the mask of the lanes that must meet is among <see cref="Operands"/>; −1 where all must.</summary>
    public int MembersAt { get; init; } = -1;

    /// <summary>Where a branch goes.</summary>
    public int Target { get; set; }

    public AddressSpace Space { get; init; }

    /// <summary>Where the address is among <see cref="Operands"/>, and what is added to it.</summary>
    public int AddressAt { get; init; }

    public long Offset { get; init; }

    /// <summary>What is added to the address that a copy reads.</summary>
    public long SourceOffset { get; init; }

    /// <summary>Bytes of an element in memory.</summary>
    public int Width { get; init; }

    public bool IsSigned { get; init; }

    /// <summary>Whether a load looks at memory as it is, see <see cref="GroupMemory"/>.</summary>
    public bool IsFresh { get; init; }

    /// <summary>Elements loaded or stored; commit groups that a wait leaves pending.</summary>
    public int Count { get; init; }

    /// <summary>Puts operands where the finished layout of the slots has them.</summary>
    public void Place(Func<int, int> slot)
    {
        for (int i = 0; i < Operands.Length; i++)
        {
            Operands[i] = slot(Operands[i]);
        }

        (D, A, B, C) = (At(0), At(1), At(2), At(3));

        int At(int index) => index < Operands.Length ? Operands[index] : 0;
    }

    public override string ToString() => Text;
}
