using System.Runtime.ExceptionServices;
using ILGPU;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>
/// Brings streamed layers to their slots, in the order of passes and ahead of them, on a thread and a stream of its own. After the
/// last layer of a pass comes the first of the next. One thread acquires and releases layers. It does not wait for the device:
/// events order the copies to a slot behind the kernels that read it, and kernels behind the copies.
/// </summary>
internal sealed class LayerTransfers : IDisposable
{
    // No layer.
    private const int None = -1;

    private readonly ComputeDevice _device;
    private readonly LayerUpload _upload;
    private readonly IReadOnlyList<ArrayView<byte>> _slots;
    private readonly IReadOnlyList<IHostLayer> _layers;
    private readonly Thread _thread;
    private readonly object _sync = new();

    // The layer in each slot, whose copy is at least on its stream.
    private readonly int[] _filled;

    // For each slot: the last copy to it, and the last kernel that reads it.
    private readonly DeviceEvent[] _copied;
    private readonly DeviceEvent[] _read;

    // The layer that is transferred next.
    private int _next;

    // The layer that a pass acquires next, if it is not broken off.
    private int _expected;

    // Counts the passes that were broken off; a transfer that began before is void.
    private int _restarts;
    private Exception? _failure;
    private bool _isStopped;

    /// <param name="slots">The memory of the slots, which layers take in turn.</param>
    /// <param name="layers">The layers, which are read on this object's thread. They are not owned.</param>
    /// <param name="bufferBytes">The length of each of the two buffers between them and the device.</param>
    /// <param name="isReadByThreads">Whether several threads read a layer.</param>
    public LayerTransfers(
        ComputeDevice device, IReadOnlyList<ArrayView<byte>> slots, IReadOnlyList<IHostLayer> layers, int bufferBytes,
        bool isReadByThreads)
    {
        (_device, _slots, _layers) = (device, slots, layers);
        _upload = new LayerUpload(device, bufferBytes, isReadByThreads);
        _filled = [.. slots.Select(_ => None)];
        _copied = [.. slots.Select(_ => device.NewEvent())];
        _read = [.. slots.Select(_ => device.NewEvent())];
        Array.ForEach(_read, one => one.Record(device.Stream));
        _thread = new Thread(Run) { IsBackground = true, Name = "Mistral.Ilgpu transfers" };
        _thread.UnsafeStart();
    }

    /// <summary>Bytes that were transferred.</summary>
    public long Bytes { get; private set; }

    /// <summary>The time that transfers took.</summary>
    public TimeSpan Busy { get; private set; }

    /// <summary>Waits until a layer is on its way to its slot. What is launched from now on begins when it is there.</summary>
    /// <exception cref="ModelFileException">The layer cannot be read. The next pass tries again.</exception>
    /// <exception cref="DeviceException">The device does not take it.</exception>
    public void Acquire(int index)
    {
        int slot = index % _filled.Length;
        lock (_sync)
        {
            if (index != _expected)
            {
                Restart(index);
            }

            while (_filled[slot] != index)
            {
                if (_failure is { } failure)
                {
                    Restart(None);
                    ExceptionDispatchInfo.Throw(failure);
                }

                Monitor.Wait(_sync);
            }

            _copied[slot].Order(_device.Stream);
            _expected = (index + 1) % _layers.Count;
        }
    }

    /// <summary>Leaves a layer's slot to the next layer, when the kernels that were launched so far have ended.</summary>
    public void Release(int index)
    {
        lock (_sync)
        {
            int slot = index % _filled.Length;
            _read[slot].Record(_device.Stream);
            _filled[slot] = None;
            Monitor.PulseAll(_sync);
        }
    }

    public void Dispose()
    {
        lock (_sync)
        {
            _isStopped = true;
            Monitor.PulseAll(_sync);
        }

        _thread.Join();
        _upload.Dispose();
        Array.ForEach(_copied, one => one.Dispose());
        Array.ForEach(_read, one => one.Dispose());
    }

    // A pass was broken off, so that the slots hold other layers than the new pass needs.
    private void Restart(int index)
    {
        _restarts++;
        _failure = null;
        Array.Fill(_filled, None);
        _expected = _next = index;
        Monitor.PulseAll(_sync);
    }

    private void Run()
    {
        while (Next() is var (index, restarts))
        {
            try
            {
                int slot = index % _slots.Count;
                Done(index, restarts, _upload.Run(_layers[index], _slots[slot], _read[slot], _copied[slot]));
            }
            catch (Exception exception)
            {
                Fail(restarts, exception);
            }
        }
    }

    private (int Index, int Restarts)? Next()
    {
        lock (_sync)
        {
            while (!_isStopped && (_failure is not null || _next == None || _filled[_next % _filled.Length] != None))
            {
                Monitor.Wait(_sync);
            }

            return _isStopped ? null : (_next, _restarts);
        }
    }

    private void Done(int index, int restarts, TimeSpan time)
    {
        lock (_sync)
        {
            Bytes += _layers[index].Length;
            Busy += time;
            if (restarts == _restarts)
            {
                _filled[index % _filled.Length] = index;
                _next = (index + 1) % _layers.Count;
                Monitor.PulseAll(_sync);
            }
        }
    }

    private void Fail(int restarts, Exception exception)
    {
        lock (_sync)
        {
            if (restarts == _restarts)
            {
                _failure = exception;
                Monitor.PulseAll(_sync);
            }
        }
    }
}
