using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The measured limits of the devices that a model's layers are on.</summary>
/// <param name="Devices">The limits of each device, by its id.</param>
internal sealed record ModelLimits(IReadOnlyDictionary<string, DeviceLimits> Devices)
{
    /// <summary>The limits of the device that copies fastest.</summary>
    public DeviceLimits Fastest => Devices.Values.MaxBy(limits => limits.BytesPerSecond)!;

    /// <param name="again">See <see cref="DeviceLimits.Of"/>.</param>
    public static ModelLimits Of(MistralModel model, bool again = false) => new(
        model.Parts.Select(part => part.Device).DistinctBy(device => device.Info.Id)
            .ToDictionary(device => device.Info.Id, device => DeviceLimits.Of(device, again)));
}
