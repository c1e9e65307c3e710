using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>What the threads of a group see of memory: every space by its addresses, each access within bounds and aligned to its
/// size.</summary>
internal sealed unsafe class ThreadMemory
{
    private const byte Unwritten = 0xFF;
    private const int WidestAccess = 16;

    private readonly int _localBytes;
    private readonly byte[] _local;
    private readonly byte[] _parameters;
    private readonly AsyncCopies?[] _copies;
    private readonly SharedMemory _shared;
    private readonly GlobalMemory _global;
    private readonly GroupMemory? _seen;

    // Threads for which the kernel before is known to have ended; null where it always has.
    private readonly bool[]? _awaited;

    /// <param name="awaitsPredecessor">Whether threads may touch global memory from <see cref="Await"/> on alone.</param>
    /// <param name="seen">How the group sees global memory where others run beside it; null where it runs alone.</param>
    public ThreadMemory(
        int threads, int localBytes, byte[] parameters, bool awaitsPredecessor, SharedMemory shared, GlobalMemory global,
        GroupMemory? seen)
    {
        _awaited = awaitsPredecessor ? new bool[threads] : null;
        (_localBytes, _shared, _global, _seen) = (localBytes, shared, global, seen);
        _local = GC.AllocateArray<byte>(threads * localBytes, pinned: true);
        _parameters = GC.AllocateArray<byte>(parameters.Length, pinned: true);
        parameters.CopyTo(_parameters, 0);
        _copies = new AsyncCopies?[threads];
    }

    public void StartGroup()
    {
        _local.AsSpan().Fill(Unwritten);
        _copies.AsSpan().Clear();
        _awaited.AsSpan().Clear();
    }

    public void Load(int thread, ref ulong r, Instruction i)
    {
        byte* seen = stackalloc byte[WidestAccess];
        byte* at = Resolve(
            thread, i.Space, Slot.As<ulong>(ref r, i.Operands[i.AddressAt]) + (ulong)i.Offset, i.Width * i.Count, isWrite: false,
            out ulong global);
        if (global != 0 && _seen is not null)
        {
            _seen.Read(global, new Span<byte>(seen, i.Width * i.Count), i.IsFresh);
            at = seen;
        }

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

    public void Store(int thread, ref ulong r, Instruction i)
    {
        byte* staged = stackalloc byte[WidestAccess];
        byte* at = Resolve(
            thread, i.Space, Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset, i.Width * i.Count, isWrite: true, out ulong global);
        bool isStaged = global != 0 && _seen is not null;
        at = isStaged ? staged : at;
        for (int k = 1; k <= i.Count; k++, at += i.Width)
        {
            Put(at, i.Width, Unsafe.Add(ref r, i.Operands[k]));
        }

        if (isStaged)
        {
            _seen!.Write(thread, global, new ReadOnlySpan<byte>(staged, i.Width * i.Count));
        }
    }

    public void Update(int thread, ref ulong r, Instruction i)
    {
        ulong address = Slot.As<ulong>(ref r, i.Operands[i.AddressAt]) + (ulong)i.Offset;
        ulong global = 0;
        byte* at = i.Space == AddressSpace.Shared
            ? _shared.Update(address, i.Width)
            : Resolve(thread, i.Space, address, i.Width, isWrite: true, out global);
        at = global != 0 && _seen is not null ? _seen.Update(global, i.Width) : at;
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

    // Global memory is known by its address.
    private byte* Resolve(int thread, AddressSpace space, ulong address, int bytes, bool isWrite, out ulong global)
    {
        if (space == AddressSpace.Generic)
        {
            (space, address) = AddressWindows.Split(address);
        }

        if ((address & (ulong)(bytes - 1)) != 0)
        {
            throw new PtxException($"misaligned: {bytes} bytes at {address:x}");
        }

        if (space == AddressSpace.Global)
        {
            RequireAwaited(thread);
        }

        global = space == AddressSpace.Global ? address : 0;
        return space switch
        {
            AddressSpace.Global => _global.At(address, bytes),
            AddressSpace.Shared => isWrite ? _shared.Write(thread, address, bytes) : _shared.Read(thread, address, bytes),
            AddressSpace.Local => Within(_local, thread * _localBytes, _localBytes, address, bytes),
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

    /// <summary><c>cp.async [to], [from], bytes, bytes of them that are read</c>.</summary>
    public void Copy(int thread, ref ulong r, Instruction i)
    {
        RequireAwaited(thread);
        Copies(thread).Start(
            Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset, Slot.As<ulong>(ref r, i.A) + (ulong)i.SourceOffset,
            Slot.As<int>(ref r, i.B), Slot.As<int>(ref r, i.Operands.Length > 3 ? i.C : i.B));
    }

    public void Commit(int thread, bool isWaiting)
    {
        Copies(thread).Commit();
        if (isWaiting)
        {
            Copies(thread).Wait(0);
        }
    }

    /// <summary><c>prefetch.global [address]</c>: reads nothing, yet is for memory that there is.</summary>
    public void Prefetch(ref ulong r, Instruction i) => _global.At(Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset, 1);

    /// <summary><c>cp.async.bulk.prefetch.L2.global [address], bytes</c>: the same, of slices of 16 bytes.</summary>
    public void PrefetchBulk(ref ulong r, Instruction i)
    {
        const int Slice = 16;
        ulong address = Slot.As<ulong>(ref r, i.D) + (ulong)i.Offset;
        uint bytes = Slot.As<uint>(ref r, i.A);
        if (address % Slice != 0 || bytes % Slice != 0)
        {
            throw new PtxException($"a bulk prefetch of {bytes} bytes at {address:x}, expected multiples of {Slice}");
        }

        _global.At(address, bytes);
    }

    /// <summary>From now on the kernel before has ended for the thread.</summary>
    public void Await(int thread) => _awaited![thread] = true;

    /// <summary>Refuses what may not be done while the kernel before may still run.</summary>
    public void RequireAwaited(int thread)
    {
        if (_awaited?[thread] == false)
        {
            throw new PtxException("the kernel before may still run: no griddepcontrol.wait yet");
        }
    }

    public void Fence(int thread) => _seen?.Fence(thread);

    public void Wait(int thread, int pending) => Copies(thread).Wait(pending);

    private AsyncCopies Copies(int thread) => _copies[thread] ??= new AsyncCopies(_shared, _global, _seen, thread);
}
