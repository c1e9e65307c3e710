using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>The model, its device and its options.</summary>
/// <param name="Device">The devices in the form that <see cref="DeviceList.Open"/> accepts.</param>
/// <param name="Memory">The memory of each device that may be used, or of all; null for what there is.</param>
/// <param name="Without">Features of the device to switch off.</param>
/// <param name="HeldOn">See <see cref="DeviceOptions.HeldOn"/>.</param>
internal sealed record ModelSettings(
    string Model, string Device, ModelOptions Options, int? Threads, IReadOnlyList<long>? Memory,
    DeviceFeatures Without = DeviceFeatures.None, Func<string, long>? HeldOn = null)
{
    /// <summary>The options of the first device.</summary>
    public DeviceOptions DeviceOptions => new()
    {
        Threads = Threads, MemoryLimit = Memory?[0], Without = Without, HeldOn = HeldOn,
    };

    /// <summary>The devices of this machine, without the features that are switched off.</summary>
    public IReadOnlyList<DeviceInfo> ListDevices() =>
        [.. DeviceCatalog.List(Threads).Select(device => device with { Without = Without })];

    /// <summary>The devices that the model would be loaded to, and their memory that may be used.</summary>
    /// <param name="devices">The devices of this machine.</param>
    /// <exception cref="DeviceException">A device is absent.</exception>
    public IReadOnlyList<DeviceRoom> RoomsOn(IReadOnlyList<DeviceInfo> devices)
    {
        var chosen = DeviceList.NamesOf(Device).Select(name => DeviceCatalog.Choose(devices, name)).ToList();
        return
        [
            .. chosen.Select((device, i) => new DeviceRoom(
                device, DeviceList.ShareOf(device, chosen, DeviceList.LimitOf(Memory, i)), i)),
        ];
    }
}
