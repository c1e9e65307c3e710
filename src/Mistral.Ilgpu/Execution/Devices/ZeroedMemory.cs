using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Host memory that is filled with zeros, on large pages if the system has them. The system provides a page when it is first
/// touched, so that memory that is never used takes no time and no space.
/// </summary>
internal sealed unsafe class ZeroedMemory : IDisposable
{
    // A vector that crosses no line of a cache is read as one.
    private const int Alignment = 64;

    private byte* _memory;

    public ZeroedMemory(long bytes)
    {
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes + Alignment);
        Address = ((nint)_memory + Alignment - 1) & -Alignment;
        NativeDrivers.PreferLargePages(Address, bytes);
    }

    public nint Address { get; }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
