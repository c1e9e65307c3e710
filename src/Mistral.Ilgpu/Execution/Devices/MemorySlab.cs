using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Host memory that is filled with zeros, on large pages if the system has them. Parts of it are given out one behind the other,
/// and it is freed with the last of them. The system provides a page when it is first touched, so that memory that is never used
/// takes no time and no space.
/// </summary>
internal sealed unsafe class MemorySlab
{
    /// <summary>A vector that crosses no line of a cache is read as one.</summary>
    public const int Alignment = 64;

    private readonly long _bytes;
    private readonly nint _start;
    private byte* _memory;
    private long _used;
    private int _parts = 1;

    /// <param name="bytes">From a page on it begins on one, so that it has no small pages.</param>
    public MemorySlab(long bytes)
    {
        int alignment = bytes < NativeDrivers.LargePageBytes ? Alignment : NativeDrivers.LargePageBytes;
        _bytes = bytes;
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(bytes + alignment));
        _start = ((nint)_memory + alignment - 1) & -alignment;
        NativeDrivers.PreferLargePages(_start, bytes);
    }

    /// <summary>The next part; 0 if there is no room for it.</summary>
    public nint TryTake(long bytes)
    {
        if (bytes > _bytes - _used)
        {
            return 0;
        }

        nint part = _start + (nint)_used;
        _used += (bytes + Alignment - 1) & -Alignment;
        Interlocked.Increment(ref _parts);
        return part;
    }

    /// <summary>Gives up a part, or the right to take more of them.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _parts) == 0)
        {
            NativeMemory.Free(_memory);
            _memory = null;
        }
    }
}
