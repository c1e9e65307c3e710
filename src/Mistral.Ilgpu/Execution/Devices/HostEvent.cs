using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>An event of the CPU accelerator. Its launches and copies return when they are done, so every event has
/// passed.</summary>
internal sealed class HostEvent : DeviceEvent
{
    public override void Record(AcceleratorStream stream)
    {
    }

    public override void Order(AcceleratorStream stream)
    {
    }

    public override void Wait()
    {
    }

    public override void Dispose()
    {
    }
}
