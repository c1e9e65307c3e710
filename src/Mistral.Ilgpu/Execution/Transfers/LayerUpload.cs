using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>
/// Copies layers from the host to slots, on a stream of its own. Page-locked buffers take turns: one is read into while others
/// are copied.
/// </summary>
internal sealed class LayerUpload : IDisposable
{
    private const int BufferCount = 2;

    // What one thread reads at least.
    private const int ShareBytes = 1 << 20;

    private readonly ComputeDevice _device;
    private readonly bool _isReadByThreads;
    private readonly AcceleratorStream _stream;
    private readonly List<PinnedBytes> _ring = [];

    // The copy from each buffer.
    private readonly List<DeviceEvent> _copied = [];
    private int _turn;

    /// <param name="bufferBytes">The length of each buffer.</param>
    /// <param name="isReadByThreads">Whether several threads read a layer.</param>
    public LayerUpload(ComputeDevice device, int bufferBytes, bool isReadByThreads)
    {
        (_device, _isReadByThreads) = (device, isReadByThreads);
        _stream = device.NewStream();
        for (int i = 0; i < BufferCount; i++)
        {
            _ring.Add(new PinnedBytes(device, bufferBytes));
            _copied.Add(device.NewEvent());
            // The first wait for it then ends at once.
            _copied[i].Record(_stream);
        }
    }

    /// <summary>Reads a layer and starts to copy it to a slot. Waits only for memory to read it into.</summary>
    /// <param name="isFree">The slot may be written to from this event on.</param>
    /// <param name="isFilled">Is recorded behind the copy.</param>
    /// <returns>The time that it took.</returns>
    public TimeSpan Run(IHostLayer layer, ArrayView<byte> slot, DeviceEvent isFree, DeviceEvent isFilled)
    {
        isFree.Order(_stream);
        var time = Copy(layer, slot);
        isFilled.Record(_stream);
        return time;
    }

    /// <summary>Waits until nothing is copied.</summary>
    public void Synchronize() => _stream.Synchronize();

    public void Dispose()
    {
        // Memory that is being copied cannot be unlocked.
        Synchronize();
        _copied.ForEach(one => one.Dispose());
        _ring.ForEach(one => one.Dispose());
        _device.Free(_stream);
    }

    private TimeSpan Copy(IHostLayer layer, ArrayView<byte> slot)
    {
        long begun = Stopwatch.GetTimestamp();
        for (long at = 0; at < layer.Length;)
        {
            byte[] buffer = _ring[_turn].Bytes;
            int part = (int)Math.Min(buffer.Length, layer.Length - at);
            _copied[_turn].Wait();
            Read(layer, at, buffer, part);
            slot.SubView(at, part).CopyFromCPUUnsafeAsync(_stream, ref buffer[0], part);
            _copied[_turn].Record(_stream);
            _turn = (_turn + 1) % BufferCount;
            at += part;
        }

        return Stopwatch.GetElapsedTime(begun);
    }

    private void Read(IHostLayer layer, long at, byte[] buffer, int length)
    {
        if (!_isReadByThreads)
        {
            layer.Read(at, buffer.AsSpan(0, length));
            return;
        }

        HostShares.Run((length + ShareBytes - 1) / ShareBytes, (first, count) =>
        {
            int from = first * ShareBytes;
            layer.Read(at + from, buffer.AsSpan(from, Math.Min(count * ShareBytes, length - from)));
        });
    }
}
