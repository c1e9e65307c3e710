using ILGPU;
using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Device memory with one owner. Disposing it updates the device's account.</summary>
internal sealed class DeviceBuffer<T>(MemoryBuffer1D<T, Stride1D.Dense> buffer, Action released) : IDisposable
    where T : unmanaged
{
    private bool _disposed;

    public ArrayView<T> View { get; } = buffer.View;

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            buffer.Dispose();
            released();
        }
    }
}
