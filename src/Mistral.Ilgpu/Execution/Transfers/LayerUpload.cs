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
    private readonly IReadOnlyList<ArrayView<byte>> _slots;
    private readonly IReadOnlyList<IHostLayer> _layers;
    private readonly AcceleratorStream? _stream;
    private readonly byte[][] _ring = [];
    private readonly List<IDisposable> _locks = [];

    /// <param name="layers">Are not owned.</param>
    /// <param name="bufferBytes">The length of each of the two buffers.</param>
    public LayerUpload(
        ComputeDevice device, IReadOnlyList<ArrayView<byte>> slots, IReadOnlyList<IHostLayer> layers, int bufferBytes)
    {
        (_slots, _layers) = (slots, layers);
        if (device.IsHostMemory)
        {
            return;
        }

        _stream = device.Accelerator.CreateStream();
        _ring = [Pinned(bufferBytes), Pinned(bufferBytes)];
        _locks.AddRange(_ring.Select(device.LockPages).OfType<IDisposable>());
    }

    /// <summary>Copies a layer to a slot, and returns when it is there.</summary>
    public void Run(int index, int slot, long length)
    {
        var target = _slots[slot];
        if (_stream is null)
        {
            ReadInPlace(index, target, length);
            return;
        }

        for (long at = 0, turn = 0; at < length; turn++)
        {
            byte[] buffer = _ring[turn % _ring.Length];
            int part = (int)Math.Min(buffer.Length, length - at);
            _layers[index].Read(at, buffer.AsSpan(0, part));
            // Waits for the copy from the other buffer, which is read into next.
            _stream.Synchronize();
            target.SubView(at, part).CopyFromCPUUnsafeAsync(_stream, ref buffer[0], part);
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

    private void ReadInPlace(int index, ArrayView<byte> slot, long length)
    {
        const int Most = 1 << 30;
        for (long at = 0; at < length; at += Most)
        {
            int part = (int)Math.Min(Most, length - at);
            _layers[index].Read(at, MemoryMarshal.CreateSpan(ref slot[at], part));
        }
    }
}
