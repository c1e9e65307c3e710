using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Host memory between the files and the device. A CUDA device copies from page-locked memory asynchronously, at the speed of
/// the bus. During a copy the next rows are read into a second buffer.
/// </summary>
internal sealed class StagingBuffer : IDisposable
{
    private readonly PinnedBytes _parted;

    private StagingBuffer(ComputeDevice device, int bytes)
    {
        Rows = GC.AllocateUninitializedArray<byte>(bytes);
        _parted = new PinnedBytes(device, bytes);
    }

    /// <summary>Blocks in the layout of the files.</summary>
    public byte[] Rows { get; }

    /// <summary>Blocks in the layout of the device.</summary>
    public byte[] Parted => _parted.Bytes;

    /// <summary>The buffers that the copies to a device use in turn.</summary>
    public static StagingBuffer[] For(ComputeDevice device, int bytes) =>
        device.CopiesMeanwhile ? [new(device, bytes), new(device, bytes)] : [new(device, bytes)];

    public void Dispose() => _parted.Dispose();
}
