using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>
/// Host memory on pages of its own, so that they can be page-locked. A CUDA device accesses locked pages directly. For other
/// memory the driver copies first, and the host waits.
/// </summary>
internal sealed class LockedMemory<T> : IDisposable
    where T : unmanaged
{
    private readonly T[] _all;
    private readonly int _start;
    private readonly int _length;
    private readonly IDisposable? _lock;

    /// <param name="devices">Devices that copy from it or to it. The lock of one serves all.</param>
    public LockedMemory(int length, params ReadOnlySpan<ComputeDevice> devices)
    {
        _length = length;
        // Whole pages, because a page can be locked only once.
        int page = Environment.SystemPageSize / Marshal.SizeOf<T>();
        int whole = (length + page - 1) / page * page;
        _all = GC.AllocateArray<T>(whole + page, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_all, 0);
        _start = (int)(-address & (Environment.SystemPageSize - 1)) / Marshal.SizeOf<T>();
        foreach (var device in devices)
        {
            _lock ??= device.LockPages<T>(Marshal.UnsafeAddrOfPinnedArrayElement(_all, _start), whole);
        }
    }

    /// <summary>Whether copies run while the host continues.</summary>
    public bool IsLocked => _lock is not null;

    public Span<T> Span => _all.AsSpan(_start, _length);

    public void Dispose() => _lock?.Dispose();
}
