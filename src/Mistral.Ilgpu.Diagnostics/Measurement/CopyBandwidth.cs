using System.Diagnostics;
using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The memory bandwidth of a device, measured with a large copy. It is the limit for bytes.</summary>
internal static class CopyBandwidth
{
    private const long LeastBytes = 1L << 20;
    private const long MostBytes = 256L << 20;
    private const int Repetitions = 5;

    // Several launches before waiting, because a launch and a wait of its own would add a few percent to a copy of 0.2 ms.
    private const int MostLaunches = 10;

    private static readonly TimeSpan ShortLaunch = TimeSpan.FromMilliseconds(2);

    private static readonly TimeSpan LongEnough = TimeSpan.FromMilliseconds(20);

    /// <summary>Bytes read and written per second; the best of a few runs.</summary>
    public static double Measure(ComputeDevice device)
    {
        long most = Math.Clamp(device.AvailableBytes / 4, LeastBytes, MostBytes) / Interop.SizeOf<Floats4>();
        using var from = device.Allocate<Floats4>(most, "the bandwidth measurement");
        using var to = device.Allocate<Floats4>(most, "the bandwidth measurement");
        var family = Family.Of(device);
        long length = LeastBytes / Interop.SizeOf<Floats4>();
        // The first call compiles. Then the length grows until it exceeds the caches, unless copies are slow.
        Time();
        var time = Time();
        while (length < most && time < LongEnough)
        {
            length = Math.Min(most, 2 * length);
            time = Time();
        }

        int launches = time < ShortLaunch ? MostLaunches : 1;
        var best = Enumerable.Range(0, Repetitions).Min(_ => Time(launches));
        return 2.0 * length * Interop.SizeOf<Floats4>() * launches / best.TotalSeconds;

        TimeSpan Time(int times = 1)
        {
            device.Synchronize();
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < times; i++)
            {
                family.Copy(device, from.View.SubView(0, length), to.View);
            }

            device.Synchronize();
            return Stopwatch.GetElapsedTime(begin);
        }
    }
}
