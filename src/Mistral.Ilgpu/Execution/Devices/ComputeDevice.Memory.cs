using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Its memory, and the host's that it copies from.</summary>
internal sealed partial class ComputeDevice
{
    private readonly long _memoryLimit;
    private long _allocatedBytes;

    /// <summary>Device memory handed out and not yet given back, in bytes.</summary>
    public long AllocatedBytes => Interlocked.Read(ref _allocatedBytes);

    /// <summary>Device memory that may still be handed out, in bytes.</summary>
    public long AvailableBytes => _memoryLimit - AllocatedBytes;

    /// <summary>Whether a copy from page-locked memory goes on while the host does something else.</summary>
    internal bool CopiesMeanwhile => _runtime.CopiesMeanwhile;

    /// <summary>See <see cref="DeviceRuntime.IsHostMemory"/>.</summary>
    internal bool IsHostMemory => _runtime.IsHostMemory;

    /// <summary>Device memory.</summary>
    /// <param name="purpose">What it is for, in the words of an out-of-memory message.</param>
    /// <param name="zeroed">Whether it is made zero; what is written whole before it is read need not be.</param>
    /// <exception cref="DeviceException">The device has less than that left.</exception>
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
                    + $"{_memoryLimit - (total - bytes):N0} of {_memoryLimit:N0} are left");
            }

            var buffer = Accelerator.Allocate1D<T>(length);
            _runtime.Prepare(buffer.NativePtr, bytes);
            if (zeroed)
            {
                buffer.MemSetToZero(Stream);
            }

            return new DeviceBuffer<T>(buffer, () => Interlocked.Add(ref _allocatedBytes, -bytes));
        }
        catch (Exception exception)
        {
            Interlocked.Add(ref _allocatedBytes, -bytes);
            throw exception as DeviceException ?? new DeviceException(
                $"device {Info.Id} could not allocate {bytes:N0} bytes for {purpose}: {OpenClFaults.MessageOf(exception)}");
        }
    }

    /// <summary>
    /// Keeps pinned host memory where a CUDA device copies from by itself, while the host goes on; does nothing for others. Null
    /// where it is not kept: a system may refuse it, as containers with a small limit of locked memory do, and copies then wait.
    /// </summary>
    internal IDisposable? LockPages(byte[] pinned) =>
        LockPages<byte>(Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0), pinned.Length);

    /// <summary>The same of a part of it.</summary>
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
