using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Reports compilations on several devices until it is disposed.</summary>
internal sealed class DeviceWatch : IDisposable
{
    private readonly IReadOnlyList<KernelWatch> _watches;
    private readonly IReadOnlyList<IDisposable> _watching;

    public DeviceWatch(DeviceList devices, IProgress<KernelProgress>? progress, CancellationToken cancellation)
    {
        _watches = [.. devices.Select(device => device.NewWatch(progress, cancellation))];
        _watching = [.. devices.Zip(_watches, (device, watch) => device.Watching(watch))];
    }

    /// <summary>Kernels that were not cached.</summary>
    public int Compiled => _watches.Sum(watch => watch.Compiled);

    public void Dispose()
    {
        foreach (var watching in _watching)
        {
            watching.Dispose();
        }
    }
}
