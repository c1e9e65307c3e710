using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;

namespace Mistral.Ilgpu.Model;

/// <summary>A device for a model, and how much of its memory the model may take.</summary>
/// <param name="Index">The place of the device in the list of devices.</param>
internal readonly record struct DeviceRoom(DeviceInfo Info, long AvailableBytes, int Index = 0)
{
    /// <summary>See <see cref="Family.IsSpare"/>.</summary>
    public bool IsSpare => Family.Of(Info).IsSpare;
}
