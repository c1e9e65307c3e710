using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>The model, its device and its options.</summary>
/// <param name="Device">The device in the form that <see cref="ComputeDevice.Open"/> accepts.</param>
/// <param name="Without">Features of the device to switch off.</param>
/// <param name="HeldOn">See <see cref="DeviceOptions.HeldOn"/>.</param>
internal sealed record ModelSettings(
    string Model, string Device, ModelOptions Options, int? Threads, long? Memory, DeviceFeatures Without = DeviceFeatures.None,
    Func<string, long>? HeldOn = null)
{
    public DeviceOptions DeviceOptions => new()
    {
        Threads = Threads, MemoryLimit = Memory, Without = Without, HeldOn = HeldOn,
    };
}
