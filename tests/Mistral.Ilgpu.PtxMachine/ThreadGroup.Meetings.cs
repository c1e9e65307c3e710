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

        if (areWaiting && Lanes(warp, thread => _states[thread] is State.AtUpdate or State.Updated) == 0)
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

    private void PassBarrier()
    {
        ulong barrier = BarrierOf(0);
        for (int thread = 0; thread < _states.Length; thread++)
        {
            // Which thread of a warp comes to which barrier must not depend on the thread: the whole warp counts as there when
            // one is.
            if (_states[thread] != State.AtBarrier || BarrierOf(thread) != barrier || _next[thread] != _next[thread / Warp.Size * Warp.Size])
            {
                throw Deadlock("a group cannot pass its barrier");
            }
        }

        _states.AsSpan().Clear();
        _shared.GroupBarrier();
        _seen?.Barrier();
    }

    private ulong BarrierOf(int thread)
    {
        if (_states[thread] != State.AtBarrier)
        {
            throw Deadlock("a group cannot pass its barrier");
        }

        var barrier = _code[_next[thread] - 1];
        ref ulong registers = ref _registers[thread * _template.Length];
        if (barrier.Operands.Length > 1 && Slot.As<uint>(ref registers, barrier.A) != _states.Length)
        {
            throw Fault(thread, barrier, "barriers of a part of the group are not modelled");
        }

        return Slot.As<uint>(ref registers, barrier.D);
    }

    private PtxException Deadlock(string what)
    {
        var waits = _states.Select((state, thread) => (Where: state == State.Ended ? "has ended" : $"waits at '{_code[_next[thread] - (state == State.AtBarrier ? 1 : 0)]}'", Thread: thread))
            .GroupBy(wait => wait.Where).Select(waiting => $"{waiting.Count()} threads from {waiting.First().Thread} on: {waiting.Key}");
        return new PtxException($"{_kernel.Name}, group {_group}: {what}: {string.Join("; ", waits)}");
    }
}
