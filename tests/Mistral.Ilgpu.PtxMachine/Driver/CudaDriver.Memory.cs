using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Memory of the device and of the host, and copies between them.</summary>
public static unsafe partial class CudaDriver
{
    // No address of a process on x86-64: to follow it on the host is a fault.
    private const ulong DeviceAddresses = 0x0D00_0000_0000_0000;
    private const int Alignment = 256;

    // A NaN in every width.
    private const byte Unwritten = 0xFF;

    private const int HostMemory = 1;
    private const int DeviceMemory = 2;

    private static readonly GlobalMemory Memory = new();
    private static readonly Dictionary<ulong, ulong> PageLocked = [];

    private static bool IsOnDevice(ulong address) => address >= DeviceAddresses;

    [UnmanagedCallersOnly]
    private static CudaResult cuMemAlloc_v2(ulong* address, nuint bytes) => Call(() =>
    {
        var context = Current;
        context.RefuseWhileCapturing("device memory was allocated");
        Require(bytes > 0, "no bytes");
        if (bytes > (nuint)context.Device.MemoryBytes)
        {
            throw new CudaFault(CudaResult.OutOfMemory, $"{bytes} bytes");
        }

        // A word that the last byte is in is there as a whole.
        void* memory = NativeMemory.AlignedAlloc((bytes + 15) / 16 * 16, Alignment);
        NativeMemory.Fill(memory, bytes, Unwritten);
        *address = (ulong)memory + DeviceAddresses;
        Memory.Add(*address, (nint)memory, (long)bytes);
        context.Allocated.Add(*address);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuMemFree_v2(ulong address) => Call(() =>
    {
        var context = Current;
        context.RefuseWhileCapturing("device memory was freed");
        if (address != 0)
        {
            // Waits for all that the device does.
            context.Drain();
            Free(context, address);
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuMemGetInfo_v2(nuint* free, nuint* total) =>
        Call(() => *free = *total = (nuint)Current.Device.MemoryBytes);

    [UnmanagedCallersOnly]
    private static CudaResult cuMemHostRegister_v2(ulong address, nuint bytes, int flags) => Call(() =>
    {
        Current.RefuseWhileCapturing("host memory was locked");
        Memory.Add((nint)address, (long)bytes);
        PageLocked.Add(address, address + bytes);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuMemHostUnregister(ulong address) => Call(() =>
    {
        Current.RefuseWhileCapturing("host memory was unlocked");
        Require(PageLocked.Remove(address, out ulong end), $"{address:x} is not locked");
        foreach (var stream in Handles.Values.OfType<CudaContext>().SelectMany(context => context.Streams))
        {
            Require(!stream.IsTouching(address, end), $"{address:x} is unlocked while a copy that touches it is under way");
        }

        Memory.Remove(address);
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuMemsetD8Async(ulong address, byte value, nuint bytes, nint stream) => Call(() =>
    {
        _ = Memory.At(address, (long)bytes);
        StreamOf(stream).Add(new Command(() => new Span<byte>(Memory.At(address, (long)bytes), checked((int)bytes)).Fill(value)));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuMemcpyAsync(ulong to, ulong from, nuint bytes, nint handle) => Call(() =>
    {
        var stream = StreamOf(handle);
        long count = (long)bytes;
        _ = Side(to, count) == Side(from, count);
        ulong host = IsOnDevice(to) ? from : to;
        bool isOnHost = !IsOnDevice(host);
        if (isOnHost && !Memory.Has(host))
        {
            // Ordinary memory is copied to or from locked memory of the driver's while the caller waits.
            stream.RefuseWhileCaptured("pageable memory was copied");
            Counts.PageableCopies++;
            if (IsOnDevice(to))
            {
                byte[] staged = new ReadOnlySpan<byte>((void*)from, (int)count).ToArray();
                stream.Add(new Command(() => staged.CopyTo(new Span<byte>(Memory.At(to, count), (int)count))));
            }
            else
            {
                stream.Drain();
                Buffer.MemoryCopy(Memory.At(from, count), (void*)to, count, count);
            }

            return;
        }

        stream.Add(new Command(() => Buffer.MemoryCopy(Side(from, count), Side(to, count), count, count), isOnHost ? (host, host + bytes) : default));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuPointerGetAttribute(int* value, int attribute, ulong address) => Call(() =>
    {
        const int MemoryType = 2;
        Require(attribute == MemoryType, $"attribute {attribute} is not modelled");
        Require(Memory.Has(address), $"{address:x} is not known here");
        *value = IsOnDevice(address) ? DeviceMemory : HostMemory;
    });

    // Where the bytes lie, on the device or on the host.
    private static byte* Side(ulong address, long bytes) =>
        IsOnDevice(address) || Memory.Has(address) ? Memory.At(address, bytes) : (byte*)address;

    private static void Free(CudaContext context, ulong address)
    {
        Require(context.Allocated.Remove(address) && Memory.Remove(address), $"{address:x} is not allocated");
        NativeMemory.AlignedFree((void*)(address - DeviceAddresses));
    }
}
