using System.Numerics;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>Where threads wait for one another: lanes for the rest of their warp, warps for the group at a barrier.</summary>
internal sealed partial class ThreadGroup
{
    // Lets lanes that wait for one another go on; whether there were any.
    private bool Meet(Warp warp)
    {
        bool areWaiting = false;
        for (int lane = 0; lane < warp.Lanes; lane++)
        {
            int thread = warp.FirstThread + lane;
            if (_states[thread] != State.InWarp)
            {
                continue;
            }

            areWaiting = true;
            var instruction = _code[_next[thread]];
            uint members = Members(warp, lane, instruction);
            if ((members & (1U << lane)) == 0)
            {
                throw Fault(thread, instruction, $"lane {lane} is not among its own members {members:x}");
            }

            if (Lanes(warp, other => _states[other] == State.InWarp && _next[other] == _next[thread]) is var here && (members & ~here) == 0)
            {
                try
                {
                    instruction.Meet!(warp, members, instruction);
                }
                catch (PtxException exception)
                {
                    throw Fault(thread, instruction, exception.Message);
                }

                Executed += BitOperations.PopCount(members);
                for (uint rest = members; rest != 0; rest &= rest - 1)
                {
                    int other = warp.FirstThread + BitOperations.TrailingZeroCount(rest);
                    _next[other]++;
                    _states[other] = State.Running;
                }

                return true;
            }
        }

        if (areWaiting && Lanes(warp, thread => _states[thread] is State.AtUpdate or State.Updated or State.AtPhase or State.AtCluster) == 0)
        {
            throw Deadlock($"a warp cannot meet");
        }

        return false;
    }

    // Lanes that have ended are not waited for where a mask names who must come.
    private uint Members(Warp warp, int lane, Instruction instruction)
    {
        if (instruction.MembersAt < 0)
        {
            return warp.All;
        }

        uint mask = Slot.As<uint>(ref warp.Registers(lane), instruction.Operands[instruction.MembersAt]);
        return mask & Lanes(warp, thread => _states[thread] != State.Ended);
    }

    private static uint Lanes(Warp warp, Func<int, bool> holds)
    {
        uint mask = 0;
        for (int lane = 0; lane < warp.Lanes; lane++)
        {
            mask |= holds(warp.FirstThread + lane) ? 1U << lane : 0;
        }

        return mask;
    }

    // Lets the threads at a barrier go on for which as many have come as it names; whether there are any.
    private bool PassBarrier()
    {
        bool any = false;
        for (int thread = 0; thread < _states.Length; thread += Warp.Size)
        {
            if (_states[thread] == State.AtBarrier)
            {
                any |= PassBarrier(BarrierOf(thread), thread);
            }
        }

        return any;
    }

    private bool PassBarrier((ulong Number, int Threads) barrier, int first)
    {
        int last = first;
        int come = 0;
        for (int thread = 0; thread < _states.Length; thread++)
        {
            if (_states[thread] != State.AtBarrier || BarrierOf(thread) is var other && other.Number != barrier.Number)
            {
                continue;
            }

            // Which thread of a warp comes to which barrier must not depend on the thread: the whole warp counts as there when
            // one is.
            if (other != barrier || _next[thread] != _next[thread / Warp.Size * Warp.Size])
            {
                return false;
            }

            (come, last) = (come + 1, thread);
        }

        var arrived = _arrivals.At(barrier.Number);
        int all = come + ((arrived?.Warps.Count ?? 0) * Warp.Size);
        if (arrived is not null && (all > barrier.Threads || arrived.Threads != barrier.Threads))
        {
            throw Fault(first, _code[_next[first] - 1], $"{all} threads have come, of which some arrived at a barrier of {arrived.Threads}");
        }

        if (all != barrier.Threads)
        {
            return false;
        }

        // Those between the first and the last have all come.
        if (arrived is null && last - first == come - 1)
        {
            _states.AsSpan(first, come).Clear();
            _shared.Meet(first, come);
        }
        else
        {
            Pass(barrier.Number, arrived?.Release ?? _shared.NewRelease());
        }

        _seen?.Barrier();
        return true;
    }

    private void Pass(ulong barrier, BarrierRelease release)
    {
        int[] waiting = [.. Enumerable.Range(0, _warps.Length).Where(
            warp => _states[warp * Warp.Size] == State.AtBarrier && BarrierOf(warp * Warp.Size).Number == barrier)];
        Array.ForEach(waiting, warp => _shared.Release(warp, release));
        foreach (int warp in waiting)
        {
            _shared.Acquire(warp, release);
            _states.AsSpan(warp * Warp.Size, _warps[warp].Lanes).Clear();
        }

        _arrivals.Remove(barrier);
    }

    private (ulong Number, int Threads) BarrierOf(int thread)
    {
        var barrier = _code[_next[thread] - 1];
        ref ulong registers = ref _registers[thread * _template.Length];
        int threads = barrier.Operands.Length > 1 ? Slot.As<int>(ref registers, barrier.A) : _states.Length;
        if (threads % Warp.Size != 0 && threads != _states.Length)
        {
            throw Fault(thread, barrier, $"a barrier of {threads} threads, which are no whole warps");
        }

        return (Slot.As<uint>(ref registers, barrier.D), threads);
    }

    private PtxException Deadlock(string what)
    {
        var waits = _states.Select((state, thread) => (Where: WhereIs(state, thread), Thread: thread))
            .GroupBy(wait => wait.Where).Select(waiting => $"{waiting.Count()} threads from {waiting.First().Thread} on: {waiting.Key}");
        return new PtxException($"{_kernel.Name}, group {_group}: {what}: {string.Join("; ", waits)}");
    }

    private string WhereIs(State state, int thread) => state switch
    {
        State.Ended => "has ended",
        State.AtPhase when PhaseOf(thread, out uint parity) is var address =>
            $"waits at '{_code[_next[thread]]}' for parity {parity} of the barrier at {address}, whose {_shared.Barriers.Describe((int)address)}",
        _ => $"waits at '{_code[_next[thread] - (state == State.AtBarrier ? 1 : 0)]}'",
    };
}
