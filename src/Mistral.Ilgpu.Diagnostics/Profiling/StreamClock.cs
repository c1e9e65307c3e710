using System.Diagnostics;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Puts time stamps between the kernels of a device's stream, taken by the device where it has a clock of its own, and tells
/// them on the host's clock, so that both make one timeline.
/// </summary>
internal sealed class StreamClock : IDisposable
{
    private const int Alignments = 20;

    private readonly StreamMarks _marks;
    private readonly TimeSpan _offset;

    /// <param name="device">Opened as timed.</param>
    public StreamClock(ComputeDevice device)
    {
        _marks = device.NewMarks();
        _offset = Align(device);
    }

    /// <summary>The host's clock, which all times are told on.</summary>
    public static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    /// <summary>Puts a stamp behind what is on the stream; does not wait.</summary>
    public void Mark() => _marks.Mark();

    /// <summary>The times of the marks since the last call, in their order; waits for them.</summary>
    public TimeSpan[] Read() => Array.ConvertAll(_marks.Read(), time => time + _offset);

    public void Dispose() => _marks.Dispose();

    // A mark on an idle stream is taken between two readings of the host's clock; the narrowest of a few tells best.
    private TimeSpan Align(ComputeDevice device)
    {
        var offset = TimeSpan.Zero;
        var narrowest = TimeSpan.MaxValue;
        for (int i = 0; i < Alignments; i++)
        {
            device.Synchronize();
            var before = Now;
            Mark();
            device.Synchronize();
            var after = Now;
            var stamp = _marks.Read().Single();
            if (after - before < narrowest)
            {
                narrowest = after - before;
                offset = before + (narrowest / 2) - stamp;
            }
        }

        return offset;
    }
}
