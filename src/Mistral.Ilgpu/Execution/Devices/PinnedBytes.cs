namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Host memory that a device copies from. It is pinned, and page-locked where copies then run while the host continues.
/// </summary>
internal sealed class PinnedBytes : IDisposable
{
    private readonly IDisposable? _lock;

    public PinnedBytes(ComputeDevice device, int length)
    {
        Bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        _lock = device.LockPages(Bytes);
    }

    public byte[] Bytes { get; }

    /// <exception cref="ILGPU.Runtime.Cuda.CudaException">A copy of the memory is running.</exception>
    public void Dispose() => _lock?.Dispose();
}
