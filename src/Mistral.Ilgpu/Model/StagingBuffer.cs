using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Host memory that rows of weights pass through. A CUDA device copies from page-locked memory by itself and at the bus's speed:
/// there the next rows are read meanwhile, into a second buffer.
/// </summary>
internal sealed class StagingBuffer : IDisposable
{
    private readonly IDisposable? _lock;

    private StagingBuffer(ComputeDevice device, int bytes)
    {
        Rows = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        Parted = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        _lock = device.LockPages(Parted);
    }

    /// <summary>Blocks as files hold them.</summary>
    public byte[] Rows { get; }

    /// <summary>The blocks as the device takes them.</summary>
    public byte[] Parted { get; }

    /// <summary>The buffers that a device's copies take turns with.</summary>
    public static StagingBuffer[] For(ComputeDevice device, int bytes) =>
        device.CopiesMeanwhile ? [new(device, bytes), new(device, bytes)] : [new(device, bytes)];

    public void Dispose() => _lock?.Dispose();
}
