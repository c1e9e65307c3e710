using System.Runtime.InteropServices;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Host memory for the ints that are copied to the device before a pass and back after it. It has its own pages, so that they
/// can be page-locked. A CUDA device accesses locked pages directly. For other memory the driver copies first, and the host
/// waits.
/// </summary>
internal sealed class PassInts : IDisposable
{
    private readonly int[] _all;
    private readonly int _start;
    private readonly int _up;
    private readonly int _down;
    private readonly IDisposable? _lock;

    /// <param name="up">The number of ints that are copied to the device.</param>
    /// <param name="down">The number of ints that are copied back.</param>
    public PassInts(ComputeDevice device, int up, int down)
    {
        (_up, _down) = (up, down);
        // Whole pages, because a page can be locked only once.
        int page = Environment.SystemPageSize / sizeof(int);
        int length = (up + down + page - 1) / page * page;
        _all = GC.AllocateArray<int>(length + page, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_all, 0);
        _start = (int)(-address & (Environment.SystemPageSize - 1)) / sizeof(int);
        _lock = device.LockPages<int>(Marshal.UnsafeAddrOfPinnedArrayElement(_all, _start), length);
    }

    /// <summary>Whether copies run while the host continues.</summary>
    public bool AreLocked => _lock is not null;

    public Span<int> Up => _all.AsSpan(_start, _up);

    public Span<int> Down => _all.AsSpan(_start + _up, _down);

    public void Dispose() => _lock?.Dispose();
}
