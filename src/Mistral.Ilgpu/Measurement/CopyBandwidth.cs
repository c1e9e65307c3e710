using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Measurement;

/// <summary>The memory bandwidth of a device, as a large copy reaches it: what bytes are held against.</summary>
public static class CopyBandwidth
{
    private const long LeastBytes = 1L << 20;
    private const long MostBytes = 256L << 20;
    private const int Repetitions = 5;

    private static readonly TimeSpan LongEnough = TimeSpan.FromMilliseconds(20);

    /// <summary>Bytes read and written per second, the best of a few.</summary>
    public static double Measure(Device device)
    {
        long most = Math.Clamp(device.AvailableBytes / 4, LeastBytes, MostBytes) / Interop.SizeOf<Float4>();
        using var from = device.Allocate<Float4>(most, "the bandwidth measurement");
        using var to = device.Allocate<Float4>(most, "the bandwidth measurement");
        long length = LeastBytes / Interop.SizeOf<Float4>();
        // Compiles, and finds a length that outgrows the caches without taking long where copies are slow.
        Time();
        while (length < most && Time() < LongEnough)
        {
            length = Math.Min(most, 2 * length);
        }

        var best = Enumerable.Range(0, Repetitions).Min(_ => Time());
        return 2.0 * length * Interop.SizeOf<Float4>() / best.TotalSeconds;

        TimeSpan Time()
        {
            device.Synchronize();
            long begin = Stopwatch.GetTimestamp();
            if (device.Info.Kind == DeviceKind.Cpu)
            {
                // A kernel there costs far more than the bytes it copies.
                from.View.SubView(0, length).CopyTo(device.Stream, to.View.SubView(0, length));
            }
            else
            {
                device.Launch(new LaunchPlan(device.Info).Stream(length), new CopyFloats(from.View.SubView(0, length), to.View));
            }

            device.Synchronize();
            return Stopwatch.GetElapsedTime(begin);
        }
    }
}
