using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>The memory of a model on one device, with the layers that the device has.</summary>
/// <param name="Room">The device, and how much of its memory the model may take.</param>
/// <param name="Plan">The operations of these layers.</param>
/// <param name="Residency">The layers whose weights stay on the device, and those that are streamed.</param>
/// <param name="CacheBytes">The rings of these layers.</param>
/// <param name="ActivationBytes">All other memory of passes.</param>
/// <param name="AdapterBytes">The adapters that the model is loaded with, with their activations.</param>
internal sealed record PartMemory(
    DeviceRoom Room, ModelPlan Plan, Residency Residency, long CacheBytes, long ActivationBytes, long AdapterBytes)
{
    /// <summary>The weights on the device, with the slots of those that are streamed.</summary>
    public long WeightBytes => Residency.DeviceBytes;

    /// <summary>The most that is allocated at any time.</summary>
    public long TotalBytes => Math.Max(
        long.CreateSaturating((Int128)WeightBytes + CacheBytes + ActivationBytes + AdapterBytes), Residency.PackingBytes);

    /// <summary>Whether it takes no more than it may.</summary>
    public bool Fits => TotalBytes <= Room.AvailableBytes;
}
