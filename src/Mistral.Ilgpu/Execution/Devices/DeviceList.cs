using System.Collections;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The devices of a model, in the order of its layers. Owns them.</summary>
internal sealed class DeviceList : IReadOnlyList<ComputeDevice>, IDisposable
{
    private readonly ComputeDevice[] _devices;

    /// <param name="devices">At least one.</param>
    public DeviceList(params ComputeDevice[] devices) => _devices = devices;

    public int Count => _devices.Length;

    /// <summary>The names that choose the devices: <c>cuda:0,cuda:1</c>.</summary>
    public string Id => string.Join(',', _devices.Select(device => device.Info.Id));

    /// <summary>The names that their drivers report.</summary>
    public string Name => string.Join(" and ", _devices.Select(device => device.Info.Name));

    /// <summary>Memory of all devices that is allocated, in bytes.</summary>
    public long AllocatedBytes => _devices.Sum(device => device.AllocatedBytes);

    /// <summary>Whether other models of this process hold memory of any of them.</summary>
    public bool IsShared => Array.Exists(_devices, device => device.IsShared);

    /// <summary>Whether they have been disposed of.</summary>
    public bool IsDisposed => Array.Exists(_devices, device => device.IsDisposed);

    public ComputeDevice this[int index] => _devices[index];

    /// <summary>A list of one device, for callers that have no more.</summary>
    public static implicit operator DeviceList(ComputeDevice device) => new(device);

    /// <summary>The devices that <paramref name="request"/> names, one or several: <c>cuda:0,cuda:1</c>. Where commas separate other
    /// things, <c>cuda:0+cuda:1</c>.</summary>
    public static IReadOnlyList<string> NamesOf(string request) => request.Split(',', '+');

    /// <summary>Opens the devices that <paramref name="request"/> names.</summary>
    /// <param name="request">See <see cref="NamesOf"/>; each as <see cref="ComputeDevice.Open"/> takes it.</param>
    /// <param name="options">The options of each device.</param>
    /// <param name="memoryLimits">The most memory that may be used of each device, or of all; null for what
    /// <paramref name="options"/> say.</param>
    /// <exception cref="DeviceException">A device is absent or cannot be opened.</exception>
    public static DeviceList Open(string request = "auto", DeviceOptions? options = null, IReadOnlyList<long>? memoryLimits = null)
    {
        options ??= new DeviceOptions();
        var names = NamesOf(request);
        var opened = new List<ComputeDevice>();
        try
        {
            for (int i = 0; i < names.Count; i++)
            {
                opened.Add(ComputeDevice.Open(
                    names[i], options with { MemoryLimit = LimitOf(memoryLimits, i) ?? options.MemoryLimit }));
            }

            for (int i = 0; i < opened.Count; i++)
            {
                opened[i].LimitMemory(ShareOf(
                    opened[i].Info, opened.Select(device => device.Info), LimitOf(memoryLimits, i) ?? options.MemoryLimit));
            }

            return new DeviceList([.. opened]);
        }
        catch
        {
            opened.ForEach(device => device.Dispose());
            throw;
        }
    }

    /// <summary>The limit of a device in a list of one for each, or of one for all; null for none.</summary>
    public static long? LimitOf(IReadOnlyList<long>? memoryLimits, int device) =>
        memoryLimits?[Math.Min(device, memoryLimits.Count - 1)];

    /// <summary>The memory of a device in a list that may be used. CPUs in the list, and a device that is listed twice, share
    /// theirs.</summary>
    /// <param name="limit">Null for what is free, less a reserve.</param>
    public static long ShareOf(DeviceInfo device, IEnumerable<DeviceInfo> devices, long? limit) => limit is { } bytes
        ? Math.Min(bytes, device.MemoryBytes)
        : device.UsableBytes / devices.Count(other => other.Id == device.Id || (!other.IsGpu && !device.IsGpu));

    /// <summary>Keeps other threads from all devices until the scope ends, see <see cref="ComputeDevice.Hold"/>. Models that share several list them in the same
    /// order.</summary>
    /// <exception cref="ObjectDisposedException">A device has been disposed of.</exception>
    public Scope Enter()
    {
        int entered = 0;
        try
        {
            for (; entered < _devices.Length; entered++)
            {
                _devices[entered].Hold();
            }
        }
        catch
        {
            Release(entered);
            throw;
        }

        return new Scope(this);
    }

    /// <summary>Waits until all launched work is done.</summary>
    public void Synchronize()
    {
        foreach (var device in _devices)
        {
            device.Synchronize();
        }
    }

    /// <summary>Reports to <paramref name="tell"/> why devices are slower than they could be, now and when it is found
    /// later.</summary>
    public void TellDrawbacks(Action<string> tell)
    {
        foreach (var device in _devices)
        {
            device.OnDrawback = tell;
            if (device.Drawback is { } drawback)
            {
                tell(drawback);
            }
        }
    }

    public void Dispose() => Array.ForEach(_devices, device => device.Dispose());

    public IEnumerator<ComputeDevice> GetEnumerator() => _devices.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Release(int entered)
    {
        while (entered > 0)
        {
            _devices[--entered].Release();
        }
    }

    /// <summary>Keeps other threads from the devices until it is disposed.</summary>
    public readonly ref struct Scope(DeviceList devices)
    {
        public void Dispose() => devices.Release(devices.Count);
    }
}
