using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The device's memory, and the host memory that it copies from.</summary>
internal sealed partial class ComputeDevice
{
    // Memory that other models of this process hold, which is not to be had.
    private readonly long _held;
    private long _memoryLimit;
    private long _allocatedBytes;

    /// <summary>Device memory that is allocated, in bytes.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>Device memory that can still be allocated, in bytes.</summary>
    public long AvailableBytes => _memoryLimit - AllocatedBytes;

    /// <summary>Whether other models of this process hold memory of the device.</summary>
    public bool IsShared => _held > 0;

    /// <summary>Whether copies from page-locked memory run while the host continues.</summary>
    internal bool CopiesMeanwhile => _runtime.CopiesMeanwhile;

    /// <summary>See <see cref="DeviceRuntime.IsHostMemory"/>.</summary>
    internal bool IsHostMemory => _runtime.IsHostMemory;

    /// <summary>Lets kernels read host memory where it is, on a device that computes in the host's memory. It is not counted as
    /// the device's.</summary>
    /// <param name="address">Memory that stays in place until the buffer is disposed.</param>
    internal MemoryBuffer InPlace(nint address, long bytes) => _runtime.InPlace(Info, address, bytes);

    internal DeviceEvent NewEvent() => _runtime.NewEvent(Info);

    /// <summary>A stream beside <see cref="Stream"/>, where the device has several. <see cref="Free"/> disposes it.</summary>
    internal AcceleratorStream NewStream() => _runtime.NewStream();

    internal void Free(AcceleratorStream stream)
    {
        if (stream != Stream)
        {
            stream.Dispose();
        }
    }

    /// <summary>Uses no more of the device's memory, because another one in a list shares it.</summary>
    public void LimitMemory(long bytes) => _memoryLimit = Math.Min(_memoryLimit, bytes);

    /// <summary>Allocates device memory.</summary>
    /// <param name="purpose">The use of the memory, for the message of an out-of-memory error.</param>
    /// <param name="zeroed">Whether to fill it with zeros, which is unnecessary if it is written before it is read.</param>
    /// <exception cref="DeviceException">The device has less memory left.</exception>
    public DeviceBuffer<T> Allocate<T>(long length, string purpose, bool zeroed = true)
        where T : unmanaged
    {
        long bytes = checked(length * Interop.SizeOf<T>());
        long total = Interlocked.Add(ref _allocatedBytes, bytes);
        try
        {
            if (total > _memoryLimit)
            {
                throw new DeviceException(
                    $"device {Info.Id} is out of memory: {purpose} needs {bytes:N0} bytes, "
                    + $"{_memoryLimit - (total - bytes):N0} of {_memoryLimit:N0} are left") { IsOutOfMemory = true };
            }

            var (view, owner, isZeroed) = _runtime.Allocate<T>(length);
            if (zeroed && !isZeroed)
            {
                view.MemSetToZero(Stream);
            }

            return new DeviceBuffer<T>(view, owner, () => Interlocked.Add(ref _allocatedBytes, -bytes));
        }
        catch (Exception exception)
        {
            Interlocked.Add(ref _allocatedBytes, -bytes);
            throw exception as DeviceException ?? new DeviceException(
                $"device {Info.Id} could not allocate {bytes:N0} bytes for {purpose}: {OpenClFaults.MessageOf(exception)}")
            {
                IsOutOfMemory = true,
            };
        }
    }

    /// <summary>
    /// Page-locks pinned host memory, so that a CUDA device can copy from it while the host continues. Does nothing on other
    /// devices.
    /// Returns null if nothing is locked. A system may refuse, as containers with a small limit of locked memory do, and copies
    /// are
    /// then synchronous.
    /// </summary>
    internal IDisposable? LockPages(byte[] pinned) =>
        LockPages<byte>(Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), pinned.Length);

    /// <summary>Page-locks a part of pinned host memory.</summary>
    internal IDisposable? LockPages<T>(nint start, int length)
        where T : unmanaged
    {
        var locked = _runtime.LockPages(start, (long)length * Interop.SizeOf<T>(), out string? refusal);
        if (refusal is not null)
        {
            Tell($"host memory is copied unlocked, which takes longer: {refusal}");
        }

        return locked;
    }
}
