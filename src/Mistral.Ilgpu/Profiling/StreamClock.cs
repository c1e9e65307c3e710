using System.Diagnostics;
using Mistral.Ilgpu.Execution;

namespace Mistral.Ilgpu.Profiling;

/// <summary>
/// Puts time stamps between the kernels of a device's stream, taken by the device where it has a clock of its own, and tells
/// them on the host's clock, so that both make one timeline.
/// </summary>
public abstract class StreamClock : IDisposable
{
    private const int Alignments = 20;

    private TimeSpan _offset;

    /// <summary>The host's clock, which all times are told on.</summary>
    public static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    /// <param name="device">Opened as timed.</param>
    public static StreamClock Of(Device device)
    {
        StreamClock clock = device.Info.Kind switch
        {
            DeviceKind.Cuda => new CudaClock(device),
            DeviceKind.OpenCl => new OpenClClock(device),
            _ => new HostClock(),
        };
        clock.Align(device);
        return clock;
    }

    /// <summary>Puts a stamp behind what is on the stream; does not wait.</summary>
    public abstract void Mark();

    /// <summary>The times of the marks since the last call, in their order; waits for them.</summary>
    public TimeSpan[] Read() => Array.ConvertAll(ReadDeviceTimes(), time => time + _offset);

    public abstract void Dispose();

    /// <summary>The same on the device's clock, from any origin.</summary>
    protected abstract TimeSpan[] ReadDeviceTimes();

    // A mark on an idle stream is taken between two readings of the host's clock; the narrowest of a few tells best.
    private void Align(Device device)
    {
        var narrowest = TimeSpan.MaxValue;
        for (int i = 0; i < Alignments; i++)
        {
            device.Synchronize();
            var before = Now;
            Mark();
            device.Synchronize();
            var after = Now;
            var stamp = ReadDeviceTimes().Single();
            if (after - before < narrowest)
            {
                narrowest = after - before;
                _offset = before + (narrowest / 2) - stamp;
            }
        }
    }

    /// <summary>For ILGPU's CPU accelerator, whose launches return when they are done.</summary>
    private sealed class HostClock : StreamClock
    {
        private readonly List<TimeSpan> _times = [];

        public override void Mark() => _times.Add(Now);

        public override void Dispose() => _times.Clear();

        protected override TimeSpan[] ReadDeviceTimes()
        {
            TimeSpan[] times = [.. _times];
            _times.Clear();
            return times;
        }
    }
}
