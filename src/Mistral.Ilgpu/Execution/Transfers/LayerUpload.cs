using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>
/// Copies layers from the host to slots, on a stream of its own. Two page-locked buffers take turns: one is read into while the
/// other is copied. On a device in host memory, layers are read directly into the slots.
/// </summary>
internal sealed class LayerUpload : IDisposable
{
    private const int MostInPlace = 1 << 30;

    private readonly AcceleratorStream? _stream;
    private readonly byte[][] _ring = [];
    private readonly List<IDisposable> _locks = [];

    /// <param name="bufferBytes">The length of each of the two buffers.</param>
    public LayerUpload(ComputeDevice device, int bufferBytes)
    {
        if (device.IsHostMemory)
        {
            return;
        }

        _stream = device.Accelerator.CreateStream();
        _ring = [Pinned(bufferBytes), Pinned(bufferBytes)];
        _locks.AddRange(_ring.Select(device.LockPages).OfType<IDisposable>());
    }

    /// <summary>Copies a layer to a slot, and returns when it is there.</summary>
    public void Run(IHostLayer layer, ArrayView<byte> slot)
    {
        if (_stream is null)
        {
            ReadInPlace(layer, slot);
            return;
        }

        for (long at = 0, turn = 0; at < layer.Length; turn++)
        {
            byte[] buffer = _ring[turn % _ring.Length];
            int part = (int)Math.Min(buffer.Length, layer.Length - at);
            layer.Read(at, buffer.AsSpan(0, part));
            // Waits for the copy from the other buffer, which is read into next.
            _stream.Synchronize();
            slot.SubView(at, part).CopyFromCPUUnsafeAsync(_stream, ref buffer[0], part);
            at += part;
        }

        _stream.Synchronize();
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _locks.ForEach(one => one.Dispose());
    }

    private static byte[] Pinned(int length) => GC.AllocateUninitializedArray<byte>(length, pinned: true);

    private static void ReadInPlace(IHostLayer layer, ArrayView<byte> slot)
    {
        for (long at = 0; at < layer.Length; at += MostInPlace)
        {
            int part = (int)Math.Min(MostInPlace, layer.Length - at);
            layer.Read(at, MemoryMarshal.CreateSpan(ref slot[at], part));
        }
    }
}
