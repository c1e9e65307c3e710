using ILGPU.Runtime;
using Mistral.Ilgpu.Execution;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Host memory that rows of weights pass through, and the planes that their blocks are parted into. A CUDA device copies from page-locked
/// memory by itself and at the bus's speed: there the next rows are read meanwhile, by several threads, into a second buffer.
/// </summary>
internal sealed class StagingBuffer : IDisposable
{
    private const int MostReaders = 8;

    private readonly List<IDisposable> _locks = [];

    private StagingBuffer(Device device, int bytes)
    {
        Rows = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        Planes = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        if (CopiesMeanwhile(device))
        {
            _locks.Add(device.Accelerator.CreatePageLockFromPinned(Rows));
            _locks.Add(device.Accelerator.CreatePageLockFromPinned(Planes));
        }
    }

    public byte[] Rows { get; }

    public byte[] Planes { get; }

    /// <summary>Whether a copy to the device goes on while the host does something else.</summary>
    public static bool CopiesMeanwhile(Device device) => device.Info.Kind == DeviceKind.Cuda;

    /// <summary>The buffers that a device's copies take turns with.</summary>
    public static StagingBuffer[] For(Device device, int bytes) =>
        CopiesMeanwhile(device) ? [new(device, bytes), new(device, bytes)] : [new(device, bytes)];

    /// <summary>Threads that fill a buffer together.</summary>
    public static int Readers(Device device) => CopiesMeanwhile(device) ? Math.Min(MostReaders, Environment.ProcessorCount) : 1;

    public void Dispose() => _locks.ForEach(held => held.Dispose());
}
