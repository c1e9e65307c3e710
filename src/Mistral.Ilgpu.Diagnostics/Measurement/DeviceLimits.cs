using System.Text.Json;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The measured limits of a device: the roof of Williams et al., doi 10.1145/1498765.1498785.</summary>
/// <param name="BytesPerSecond">See <see cref="CopyBandwidth"/>.</param>
/// <param name="OperationsPerSecond">See <see cref="DenseProduct"/>.</param>
internal sealed record DeviceLimits(double BytesPerSecond, double OperationsPerSecond)
{
    /// <summary>The limits of a device. They are measured on first use and kept for this build of the kernels.</summary>
    /// <param name="again">Whether to measure again.</param>
    public static DeviceLimits Of(ComputeDevice device, bool again = false)
    {
        string file = device.CacheFile("limits", ".json");
        if (!again && Read(file) is { } known)
        {
            return known;
        }

        var limits = new DeviceLimits(CopyBandwidth.Measure(device), DenseProduct.Measure(device));
        UserCache.Write(file, JsonSerializer.SerializeToUtf8Bytes(limits));
        return limits;
    }

    private static DeviceLimits? Read(string file)
    {
        try
        {
            var kept = JsonSerializer.Deserialize<DeviceLimits>(File.ReadAllBytes(file));
            return kept is { BytesPerSecond: > 0, OperationsPerSecond: > 0 } ? kept : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            // If the file is absent or damaged, the limits are measured again.
            return null;
        }
    }
}
