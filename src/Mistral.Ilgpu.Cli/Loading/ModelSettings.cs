using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>Which model runs where and how.</summary>
/// <param name="Device">As <see cref="ComputeDevice.Open"/> takes it.</param>
/// <param name="Without">What the device is to do without.</param>
internal sealed record ModelSettings(
    string Model, string Device, ModelOptions Options, int? Threads, long? Memory, DeviceFeatures Without = DeviceFeatures.None)
{
    public DeviceOptions DeviceOptions => new() { Threads = Threads, MemoryLimit = Memory, Without = Without };
}
