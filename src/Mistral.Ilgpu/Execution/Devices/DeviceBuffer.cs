using ILGPU;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Device memory with one owner. Disposing it updates the device's account.</summary>
internal sealed class DeviceBuffer<T>(ArrayView<T> view, IDisposable memory, Action released) : IDisposable
    where T : unmanaged
{
    private bool _disposed;

    public ArrayView<T> View { get; } = view;

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            memory.Dispose();
            released();
        }
    }
}
