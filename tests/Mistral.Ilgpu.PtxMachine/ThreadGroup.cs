using System.Buffers;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The threads of one group, their registers, and the order in which they run.</summary>
internal sealed partial class ThreadGroup : IDisposable
{
    // Far more backward jumps than any kernel of a test makes.
    private const int MostJumps = 200_000_000;

    private readonly PtxKernel _kernel;
    private readonly LaunchShape _shape;
    private readonly Instruction[] _code;
    private readonly ulong[] _template;
    private readonly ulong[] _registers;
    private readonly int[] _next;
    private readonly State[] _states;
    private readonly Warp[] _warps;
    private readonly SharedMemory _shared;
    private readonly ThreadMemory _memory;
    private readonly GroupMemory? _seen;
    private readonly Arrivals _arrivals;
    private readonly GlobalMemory _global;
    private readonly Cluster _cluster;
    private readonly int _rank;
    private readonly bool[] _hasTried;

    // The phase of the cluster's barrier at which a thread arrived.
    private readonly int[] _arrivedIn;
    private Extent _group;

    // The thread that may do the atomic operation before which it stopped.
    private int _updating = -1;

    /// <param name="seen">How it sees global memory where others run beside it: it then stops before and after each atomic
    /// operation there.</param>
    /// <param name="cluster">The group's cluster; null of its own.</param>
    /// <param name="rank">Its place in the cluster.</param>
    public ThreadGroup(
        PtxKernel kernel, LaunchShape shape, byte[] parameters, GlobalMemory global, GroupMemory? seen = null, Cluster? cluster = null,
        int rank = 0)
    {
        (_kernel, _shape) = (kernel, shape);
        _code = kernel.Code;
        _template = [.. kernel.Slots];
        Special(SpecialRegister.GroupSizeX) = (ulong)shape.Group.X;
        Special(SpecialRegister.GroupSizeY) = (ulong)shape.Group.Y;
        Special(SpecialRegister.GroupSizeZ) = (ulong)shape.Group.Z;
        Special(SpecialRegister.GridX) = (ulong)shape.Grid.X;
        Special(SpecialRegister.GridY) = (ulong)shape.Grid.Y;
        Special(SpecialRegister.GridZ) = (ulong)shape.Grid.Z;
        Special(SpecialRegister.DynamicSharedBytes) = (ulong)shape.DynamicSharedBytes;
        Special(SpecialRegister.ClusterRank) = (ulong)rank;
        Special(SpecialRegister.ClusterSize) = (ulong)kernel.ClusterSize;
        int threads = shape.Group.Count;
        // Some megabytes for each launch, or each group of several at once: the collector had been busy with them.
        _registers = ArrayPool<ulong>.Shared.Rent(threads * _template.Length);
        _next = new int[threads];
        _states = new State[threads];
        int granule = _code.Where(i => i.Space is AddressSpace.Shared or AddressSpace.Generic && i.Width > 0).Select(i => i.Width).DefaultIfEmpty(4).Min();
        int warps = WarpsOf(shape);
        (_rank, _cluster) = (rank, cluster ?? new Cluster(1, warps, global, shape.IsReversed));
        _cluster.Add(this, rank);
        _shared = new SharedMemory(
            kernel.SharedBytes + shape.DynamicSharedBytes, threads, Math.Min(granule, 4), kernel.HasWarpgroupProducts || kernel.HasBulkCopies,
            _cluster.Clocks, firstWarp: rank * warps);
        (_global, _hasTried, _arrivedIn) = (global, new bool[threads], new int[threads]);
        _seen = seen;
        _memory = new ThreadMemory(threads, kernel.LocalBytes, parameters, kernel.AwaitsPredecessor, _shared, global, _seen);
        _arrivals = new Arrivals(_shared);
        _warps =
        [
            .. Enumerable.Range(0, warps).Select(
                warp => new Warp(_registers, _template.Length, warp * Warp.Size, Math.Min(Warp.Size, threads - (warp * Warp.Size)), _shared, rank * warps) { Arrivals = _arrivals }),
        ];
        if (kernel.HasWarpgroupProducts && threads % (WarpProducts.Warps * Warp.Size) == 0)
        {
            foreach (var warpgroup in _warps.Chunk(WarpProducts.Warps))
            {
                List<WarpgroupProduct> begun = [];
                Array.ForEach(warpgroup, warp => warp.Products = new WarpProducts(warp, begun, kernel.HasRegisterFactors));
            }
        }
    }

    private enum State
    {
        Running,
        AtBarrier,
        InWarp,
        AtUpdate,
        Updated,

        /// <summary>Waits for a phase of a barrier in shared memory.</summary>
        AtPhase,

        /// <summary>Waits for the other groups of the cluster.</summary>
        AtCluster,
        Ended,
    }

    public long Executed { get; private set; }

    public int Threads => _states.Length;

    /// <summary>Whether all its threads have ended.</summary>
    public bool HasEnded { get; private set; }

    public SharedMemory Shared => _shared;

    public static int WarpsOf(LaunchShape shape) => (shape.Group.Count + Warp.Size - 1) / Warp.Size;

    /// <summary>Gives the registers back; no other call may follow.</summary>
    public void Dispose() => ArrayPool<ulong>.Shared.Return(_registers);

    /// <summary>Begins a group's work anew.</summary>
    public void Begin(Extent group)
    {
        _group = group;
        Start();
    }

    /// <summary>Goes on until it ends, stops at an atomic operation, or waits for other groups of its cluster.</summary>
    /// <returns>Whether it has ended.</returns>
    public bool Advance()
    {
        while (true)
        {
            for (int index = 0; index < _warps.Length; index++)
            {
                RunWarp(_warps[_shape.IsReversed ? _warps.Length - 1 - index : index]);
            }

            if (Array.IndexOf(_states, State.Updated) is >= 0 and var updated)
            {
                _states[updated] = State.Running;
                return false;
            }

            if (Array.IndexOf(_states, State.AtUpdate) is >= 0 and var next)
            {
                (_updating, _states[next]) = (next, State.Running);
                return false;
            }

            if (_states.All(state => state == State.Ended))
            {
                EndProducts();
                _seen?.End();
                HasEnded = true;
                return true;
            }

            if (PassBarrier() || Resume())
            {
                continue;
            }

            if (_cluster.Count > 1)
            {
                return false;
            }

            if (!_cluster.Copies.Deliver())
            {
                throw Deadlock();
            }
        }
    }

    /// <summary>Its threads wait in vain.</summary>
    public PtxException Deadlock() =>
        Deadlock(Array.IndexOf(_states, State.AtBarrier) >= 0 ? "a group cannot pass its barrier" : "threads wait in vain");

    private ref ulong Special(SpecialRegister register) => ref _template[_kernel.SpecialAt + (int)register];

    private void Start()
    {
        Special(SpecialRegister.GroupX) = (ulong)_group.X;
        Special(SpecialRegister.GroupY) = (ulong)_group.Y;
        Special(SpecialRegister.GroupZ) = (ulong)_group.Z;
        if (_rank == 0)
        {
            _cluster.Start();
        }

        HasEnded = false;
        _acquired.Clear();
        _hasTried.AsSpan().Clear();
        _arrivedIn.AsSpan().Fill(-1);
        _shared.StartGroup();
        _arrivals.StartGroup();
        _memory.StartGroup();
        Array.ForEach(_warps, warp => warp.AskedRegisters = null);
        Array.ForEach(_warps, warp => warp.Products?.StartGroup());
        _next.AsSpan().Clear();
        _states.AsSpan().Clear();
        for (int thread = 0; thread < _states.Length; thread++)
        {
            var registers = _registers.AsSpan(thread * _template.Length, _template.Length);
            _template.CopyTo(registers);
            var at = _shape.Group.At(thread);
            var special = registers[_kernel.SpecialAt..];
            special[(int)SpecialRegister.ThreadX] = (ulong)at.X;
            special[(int)SpecialRegister.ThreadY] = (ulong)at.Y;
            special[(int)SpecialRegister.ThreadZ] = (ulong)at.Z;
            special[(int)SpecialRegister.Lane] = (ulong)(thread % Warp.Size);
            special[(int)SpecialRegister.Warp] = (ulong)(thread / Warp.Size);
        }
    }

    // Until all its threads have ended or stand at a barrier.
    private void RunWarp(Warp warp)
    {
        do
        {
            for (int index = 0; index < warp.Lanes; index++)
            {
                int thread = warp.FirstThread + (_shape.IsReversed ? warp.Lanes - 1 - index : index);
                if (_states[thread] == State.Running)
                {
                    Run(thread);
                }
            }
        }
        while (Meet(warp));
    }

    private void Run(int thread)
    {
        ref ulong r = ref _registers[thread * _template.Length];
        var code = _code;
        int next = _next[thread];
        long executed = 0;
        int jumps = 0;
        Instruction i = code[next];
        try
        {
            while (true)
            {
                i = code[next++];
                executed++;
                if (i.Guard >= 0 && Slot.As<bool>(ref r, i.Guard) == i.IsGuardNegated)
                {
                    continue;
                }

                switch (i.Kind)
                {
                    case InstructionKind.Registers:
                        i.Compute!(ref r, i);
                        break;
                    case InstructionKind.Branch:
                        if (i.Target < next && ++jumps > MostJumps)
                        {
                            throw new PtxException("the thread does not end");
                        }

                        next = i.Target;
                        break;
                    case InstructionKind.Load:
                        _memory.Load(thread, ref r, i);
                        break;
                    case InstructionKind.Store:
                        _memory.Store(thread, ref r, i);
                        break;
                    case InstructionKind.Atomic when _seen is not null && i.Space != AddressSpace.Shared && _updating != thread:
                        (_states[thread], _next[thread]) = (State.AtUpdate, next - 1);
                        return;
                    case InstructionKind.Atomic:
                        _memory.Update(thread, ref r, i);
                        if (_updating != thread)
                        {
                            break;
                        }

                        _updating = -1;
                        (_states[thread], _next[thread]) = (State.Updated, next);
                        return;
                    case InstructionKind.Fence:
                        _memory.Fence(thread);
                        break;
                    case InstructionKind.ProxyFence:
                        _shared.Proxy?.Fence(thread);
                        break;
                    case InstructionKind.Bulk:
                        Bulk(thread, ref r, i);
                        break;
                    case InstructionKind.ClusterWait:
                        if (HasMet(thread))
                        {
                            break;
                        }

                        (_states[thread], _next[thread]) = (State.AtCluster, next - 1);
                        return;
                    case InstructionKind.TryWait:
                        if (TryWait(thread, ref r, i))
                        {
                            break;
                        }

                        (_states[thread], _next[thread]) = (State.AtPhase, next - 1);
                        return;
                    case InstructionKind.AsyncCopy:
                        _memory.Copy(thread, ref r, i);
                        break;
                    case InstructionKind.AsyncCommit:
                        _memory.Commit(thread, isWaiting: i.Count > 0);
                        break;
                    case InstructionKind.AsyncWait:
                        _memory.Wait(thread, Slot.As<int>(ref r, i.D));
                        break;
                    case InstructionKind.Barrier:
                        (_states[thread], _next[thread]) = (State.AtBarrier, next);
                        return;
                    case InstructionKind.Warp:
                        (_states[thread], _next[thread]) = (State.InWarp, next - 1);
                        return;
                    case InstructionKind.Await:
                        _memory.Await(thread);
                        break;
                    case InstructionKind.Prefetch:
                        _memory.Prefetch(ref r, i);
                        break;
                    case InstructionKind.BulkPrefetch:
                        _memory.PrefetchBulk(ref r, i);
                        break;
                    case InstructionKind.Trap:
                        throw new PtxException("the kernel says that it has failed");
                    case InstructionKind.Exit:
                        _memory.RequireAwaited(thread);
                        (_states[thread], _next[thread]) = (State.Ended, next);
                        return;
                    default:
                        break;
                }
            }
        }
        catch (Exception exception)
        {
            throw Fault(thread, i, exception.Message, exception);
        }
        finally
        {
            Executed += executed;
        }
    }

    private void EndProducts()
    {
        try
        {
            Array.ForEach(_warps, warp => warp.Products?.EndGroup());
            _arrivals.EndGroup();
            _shared.Barriers.EndGroup();
            CheckRegisters();
        }
        catch (PtxException exception)
        {
            throw new PtxException($"{_kernel.Name}, group {_group}: {exception.Message}");
        }
    }

    private PtxException Fault(int thread, Instruction instruction, string message, Exception? inner = null) =>
        new($"{_kernel.Name}, group {_group}, thread {thread}, '{instruction}': {message}", inner);
}
