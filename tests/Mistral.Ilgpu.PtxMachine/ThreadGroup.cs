using System.Numerics;
using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The threads of one group, their registers and memory, and the order in which they run.</summary>
internal sealed unsafe class ThreadGroup
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
    private readonly byte[] _parameters;
    private readonly byte[] _local;
    private readonly SharedMemory _shared;
    private readonly GlobalMemory _global;
    private readonly AsyncCopies?[] _copies;
    private Extent _group;

    public ThreadGroup(PtxKernel kernel, LaunchShape shape, byte[] parameters, GlobalMemory global)
    {
        (_kernel, _shape, _global) = (kernel, shape, global);
        _code = kernel.Code;
        _template = [.. kernel.Slots];
        Special(SpecialRegister.GroupSizeX) = (ulong)shape.Group.X;
        Special(SpecialRegister.GroupSizeY) = (ulong)shape.Group.Y;
        Special(SpecialRegister.GroupSizeZ) = (ulong)shape.Group.Z;
        Special(SpecialRegister.GridX) = (ulong)shape.Grid.X;
        Special(SpecialRegister.GridY) = (ulong)shape.Grid.Y;
        Special(SpecialRegister.GridZ) = (ulong)shape.Grid.Z;
        Special(SpecialRegister.DynamicSharedBytes) = (ulong)shape.DynamicSharedBytes;
        int threads = shape.Group.Count;
        _registers = new ulong[threads * _template.Length];
        _next = new int[threads];
        _states = new State[threads];
        _parameters = GC.AllocateArray<byte>(parameters.Length, pinned: true);
        parameters.CopyTo(_parameters, 0);
        _local = GC.AllocateArray<byte>(threads * kernel.LocalBytes, pinned: true);
        _copies = new AsyncCopies?[threads];
        int granule = _code.Where(i => i.Space is AddressSpace.Shared or AddressSpace.Generic && i.Width > 0).Select(i => i.Width).DefaultIfEmpty(4).Min();
        _shared = new SharedMemory(kernel.SharedBytes + shape.DynamicSharedBytes, threads, Math.Min(granule, 4));
        _warps =
        [
            .. Enumerable.Range(0, (threads + Warp.Size - 1) / Warp.Size).Select(
                warp => new Warp(_registers, _template.Length, warp * Warp.Size, Math.Min(Warp.Size, threads - (warp * Warp.Size)), _shared)),
        ];
    }

    private enum State
    {
        Running,
        AtBarrier,
        InWarp,
        Ended,
    }

    public long Executed { get; private set; }

    public void Run(Extent group)
    {
        _group = group;
        Start();
        while (true)
        {
            for (int index = 0; index < _warps.Length; index++)
            {
                RunWarp(_warps[_shape.IsReversed ? _warps.Length - 1 - index : index]);
            }

            if (_states.All(state => state == State.Ended))
            {
                return;
            }

            PassBarrier();
        }
    }

    private ref ulong Special(SpecialRegister register) => ref _template[_kernel.SpecialAt + (int)register];

    private void Start()
    {
        Special(SpecialRegister.GroupX) = (ulong)_group.X;
        Special(SpecialRegister.GroupY) = (ulong)_group.Y;
        Special(SpecialRegister.GroupZ) = (ulong)_group.Z;
        _shared.StartGroup();
        _local.AsSpan().Fill(0xFF);
        _next.AsSpan().Clear();
        _states.AsSpan().Clear();
        _copies.AsSpan().Clear();
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

        if (areWaiting)
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
            // Which thread of a warp comes to which barrier must not depend on the thread: the whole warp counts as there when one is.
            if (_states[thread] != State.AtBarrier || BarrierOf(thread) != barrier || _next[thread] != _next[thread / Warp.Size * Warp.Size])
            {
                throw Deadlock("a group cannot pass its barrier");
            }
        }

        _states.AsSpan().Clear();
        _shared.GroupBarrier();
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
                        Load(thread, ref r, i);
                        break;
                    case InstructionKind.Store:
                        Store(thread, ref r, i);
                        break;
                    case InstructionKind.Atomic:
                        Update(thread, ref r, i);
                        break;
                    case InstructionKind.AsyncCopy:
                        Copies(thread).Start(
                            Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset, Slot.As<ulong>(ref r, i.A) + (ulong)i.SourceOffset,
                            Slot.As<int>(ref r, i.B), Slot.As<int>(ref r, i.Operands.Length > 3 ? i.C : i.B));
                        break;
                    case InstructionKind.AsyncCommit:
                        Copies(thread).Commit();
                        if (i.Count > 0)
                        {
                            Copies(thread).Wait(0);
                        }

                        break;
                    case InstructionKind.AsyncWait:
                        Copies(thread).Wait(Slot.As<int>(ref r, i.D));
                        break;
                    case InstructionKind.Barrier:
                        (_states[thread], _next[thread]) = (State.AtBarrier, next);
                        return;
                    case InstructionKind.Warp:
                        (_states[thread], _next[thread]) = (State.InWarp, next - 1);
                        return;
                    case InstructionKind.Exit:
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

    private AsyncCopies Copies(int thread) => _copies[thread] ??= new AsyncCopies(_shared, _global, thread);

    private void Load(int thread, ref ulong r, Instruction i)
    {
        byte* at = Resolve(thread, i.Space, Slot.As<ulong>(ref r, i.Operands[i.AddressAt]) + (ulong)i.Offset, i.Width * i.Count, isWrite: false);
        for (int k = 0; k < i.Count; k++, at += i.Width)
        {
            ref ulong slot = ref Unsafe.Add(ref r, i.Operands[k]);
            slot = (i.Width, i.IsSigned) switch
            {
                (1, true) => (ulong)*(sbyte*)at,
                (2, true) => (ulong)*(short*)at,
                (1, _) => *at,
                (2, _) => *(ushort*)at,
                (4, _) => *(uint*)at,
                _ => *(ulong*)at,
            };
        }
    }

    private void Store(int thread, ref ulong r, Instruction i)
    {
        byte* at = Resolve(thread, i.Space, Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset, i.Width * i.Count, isWrite: true);
        for (int k = 1; k <= i.Count; k++, at += i.Width)
        {
            Put(at, i.Width, Unsafe.Add(ref r, i.Operands[k]));
        }
    }

    private void Update(int thread, ref ulong r, Instruction i)
    {
        ulong address = Slot.As<ulong>(ref r, i.Operands[i.AddressAt]) + (ulong)i.Offset;
        byte* at = i.Space == AddressSpace.Shared ? _shared.Update(address, i.Width) : Resolve(thread, i.Space, address, i.Width, isWrite: true);
        ulong old = i.Width == 4 ? *(uint*)at : *(ulong*)at;
        int a = i.AddressAt + 1;
        Put(at, i.Width, i.Update!(old, Unsafe.Add(ref r, i.Operands[a]), Unsafe.Add(ref r, i.Operands[Math.Min(a + 1, i.Operands.Length - 1)])));
        if (i.AddressAt == 1)
        {
            Unsafe.Add(ref r, i.D) = old;
        }
    }

    private static void Put(byte* at, int width, ulong value)
    {
        switch (width)
        {
            case 1:
                *at = (byte)value;
                break;
            case 2:
                *(ushort*)at = (ushort)value;
                break;
            case 4:
                *(uint*)at = (uint)value;
                break;
            default:
                *(ulong*)at = value;
                break;
        }
    }

    private byte* Resolve(int thread, AddressSpace space, ulong address, int bytes, bool isWrite)
    {
        if (space == AddressSpace.Generic)
        {
            (space, address) = AddressWindows.Split(address);
        }

        if ((address & (ulong)(bytes - 1)) != 0)
        {
            throw new PtxException($"misaligned: {bytes} bytes at {address:x}");
        }

        return space switch
        {
            AddressSpace.Global => _global.At(address, bytes),
            AddressSpace.Shared => isWrite ? _shared.Write(thread, address, bytes) : _shared.Read(thread, address, bytes),
            AddressSpace.Local => Within(_local, thread * _kernel.LocalBytes, _kernel.LocalBytes, address, bytes),
            _ => Within(_parameters, 0, _parameters.Length, address, bytes),
        };
    }

    private static byte* Within(byte[] array, int start, int length, ulong address, int bytes)
    {
        if (address > (ulong)length || address + (ulong)bytes > (ulong)length)
        {
            throw new PtxException($"{bytes} bytes at {address} of {length}");
        }

        // The arrays are pinned.
        return (byte*)Unsafe.AsPointer(ref array[start]) + address;
    }

    private PtxException Deadlock(string what)
    {
        var waits = _states.Select((state, thread) => (Where: state == State.Ended ? "has ended" : $"waits at '{_code[_next[thread] - (state == State.AtBarrier ? 1 : 0)]}'", Thread: thread))
            .GroupBy(wait => wait.Where).Select(waiting => $"{waiting.Count()} threads from {waiting.First().Thread} on: {waiting.Key}");
        return new PtxException($"{_kernel.Name}, group {_group}: {what}: {string.Join("; ", waits)}");
    }

    private PtxException Fault(int thread, Instruction instruction, string message, Exception? inner = null) =>
        new($"{_kernel.Name}, group {_group}, thread {thread}, '{instruction}': {message}", inner);
}
