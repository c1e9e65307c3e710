namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Barriers in shared memory, bulk copies, and registers that warpgroups give each other.</summary>
internal sealed partial class ThreadGroup
{
    // Of a multiprocessor's quarter, whose warps are every fourth of the group.
    private const int QuarterRegisters = 512;
    private const int Quarters = 4;

    // Maps that a thread may use.
    private readonly HashSet<(int Thread, ulong Map)> _acquired = [];

    private int WarpOf(int thread) => _warps[thread / Warp.Size].Number;

    private void Bulk(int thread, ref ulong r, Instruction i)
    {
        ulong address = AddressOf(ref r, i);
        switch (i.Bulk)
        {
            case BulkOperation.StartBarrier:
                _shared.StartBarrier(thread, address, Slot.As<int>(ref r, i.A));
                break;
            case BulkOperation.OfferBarriers:
                _shared.Barriers.Offer(thread);
                break;
            case BulkOperation.Arrive:
                var (group, at) = _cluster.Find(_rank, address);
                if (group != this)
                {
                    group.Shared.Barriers.RequireOffered(WarpOf(thread), (int)at);
                }

                group.Shared.Barriers.Arrive(WarpOf(thread), group == this ? thread : -1, (int)at, bytes: 0);
                break;
            case BulkOperation.AnnounceBytes:
                _shared.Barriers.Arrive(WarpOf(thread), thread, (int)address, Slot.As<int>(ref r, i.B));
                break;
            case BulkOperation.ArriveInCluster:
                if (_arrivedIn[thread] == _cluster.Phase)
                {
                    throw new PtxException("the thread has arrived at the cluster's barrier before: no barrier.cluster.wait between");
                }

                _arrivedIn[thread] = _cluster.Phase;
                _cluster.Arrive();
                break;
            case BulkOperation.FindInCluster:
                Slot.Set(ref r, i.D, (uint)_cluster.AddressOf(Slot.As<int>(ref r, i.B), Slot.As<uint>(ref r, i.A)));
                break;
            case BulkOperation.AcquireMap:
                _acquired.Add((thread, address));
                break;
            default:
                Copy(thread, ref r, i, address);
                break;
        }
    }

    // to, map, column, row, barrier, the groups that get it
    private void Copy(int thread, ref ulong r, Instruction i, ulong to)
    {
        _memory.RequireAwaited(thread);
        ulong map = Slot.As<ulong>(ref r, i.A);
        var tensor = TensorDescriptor.Read(_global, map);
        if (!_acquired.Contains((thread, map)))
        {
            throw new PtxException($"the thread has not acquired the tensor map at {map:x}: no fence.proxy.tensormap before");
        }

        uint mask = i.Operands.Length > 5 ? Slot.As<ushort>(ref r, i.Operands[5]) : 1U << _rank;
        for (int rank = 0; mask != 0; rank++, mask >>= 1)
        {
            if ((mask & 1) != 0)
            {
                _cluster.Copies.Start(
                    _cluster.Group(rank).Shared, rank == _rank ? thread : -1, WarpOf(thread), to, tensor, Slot.As<int>(ref r, i.B),
                    Slot.As<int>(ref r, i.C), Slot.As<ulong>(ref r, i.Operands[4]));
            }
        }
    }

    // Returns once in vain before it waits, as hardware may at any time; false where the thread has to wait.
    private bool TryWait(int thread, ref ulong r, Instruction i)
    {
        bool isOver = _shared.Barriers.TryWait(WarpOf(thread), (int)AddressOf(ref r, i), Slot.As<uint>(ref r, i.B));
        if (!isOver && _hasTried[thread])
        {
            return false;
        }

        _hasTried[thread] = !isOver;
        Slot.Set(ref r, i.D, isOver);
        return true;
    }

    private bool HasMet(int thread) => _arrivedIn[thread] switch
    {
        < 0 => throw new PtxException("the thread has not arrived at the cluster's barrier: no barrier.cluster.arrive before"),
        var phase => phase < _cluster.Phase,
    };

    // Lets threads go on whose phase has ended; whether there are any.
    private bool Resume()
    {
        bool any = false;
        for (int thread = 0; thread < _states.Length; thread++)
        {
            if ((_states[thread] == State.AtPhase && _shared.Barriers.IsOver((int)PhaseOf(thread, out uint parity), parity))
                || (_states[thread] == State.AtCluster && HasMet(thread)))
            {
                (_states[thread], any) = (State.Running, true);
            }
        }

        return any;
    }

    private ulong PhaseOf(int thread, out uint parity)
    {
        var i = _code[_next[thread]];
        ref ulong r = ref _registers[thread * _template.Length];
        parity = Slot.As<uint>(ref r, i.B);
        return AddressOf(ref r, i);
    }

    private static ulong AddressOf(ref ulong r, Instruction i) =>
        i.Operands.Length == 0 ? 0 : Slot.As<ulong>(ref r, i.Operands[i.AddressAt]) + (ulong)i.Offset;

    // A warpgroup that asks for more than the others leave waits without end.
    private void CheckRegisters()
    {
        if (_warps.All(warp => warp.AskedRegisters is null))
        {
            return;
        }

        int least = QuarterRegisters / ((_warps.Length + Quarters - 1) / Quarters) / 8 * 8;
        foreach (var warpgroup in _warps.Chunk(WarpProducts.Warps))
        {
            if (warpgroup.Any(warp => warp.AskedRegisters != warpgroup[0].AskedRegisters))
            {
                throw new PtxException($"warps of the warpgroup of thread {warpgroup[0].FirstThread} ask for different numbers of registers");
            }
        }

        int asked = _warps.Where((_, index) => index % Quarters == 0).Sum(warp => warp.AskedRegisters ?? least);
        if (asked > QuarterRegisters)
        {
            throw new PtxException($"warpgroups ask for {asked} registers in all, expected at most {QuarterRegisters}: no setmaxnreg.dec of another");
        }
    }
}
