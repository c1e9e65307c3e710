using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// A point in the work of a stream. Another stream or the host can wait for it. Nobody waits before it is recorded.
/// </summary>
internal abstract class DeviceEvent : IDisposable
{
    /// <summary>Records the end of the work that a stream has now, instead of an earlier point.</summary>
    public abstract void Record(AcceleratorStream stream);

    /// <summary>Lets later work of a stream begin after the point that is recorded now. Does not wait.</summary>
    public abstract void Order(AcceleratorStream stream);

    /// <summary>Waits on the host.</summary>
    public abstract void Wait();

    public abstract void Dispose();
}
