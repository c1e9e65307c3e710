using System.Diagnostics;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Measurement;

/// <summary>The memory bandwidth of a device, as a large copy reaches it: what bytes are held against.</summary>
public static class CopyBandwidth
{
    private const long MostBytes = 256L << 20;
    private const int Repetitions = 5;

    /// <summary>Bytes read and written per second, the best of a few.</summary>
    public static double Measure(Device device)
    {
        long length = Math.Min(MostBytes, device.AvailableBytes / 4) / sizeof(float) / 4;
        using var from = device.Allocate<Float4>(length, "the bandwidth measurement");
        using var to = device.Allocate<Float4>(length, "the bandwidth measurement");
        var shape = new LaunchPlan(device.Info).Stream(length);
        double best = 0;
        for (int i = 0; i <= Repetitions; i++)
        {
            device.Synchronize();
            long begin = Stopwatch.GetTimestamp();
            device.Launch(shape, new CopyFloats(from.View, to.View));
            device.Synchronize();
            // The first one compiles.
            best = i == 0 ? 0 : Math.Max(best, 2.0 * length * 4 * sizeof(float) / Stopwatch.GetElapsedTime(begin).TotalSeconds);
        }

        return best;
    }
}
