using System.Diagnostics;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Takes time stamps between the kernels of a stream, by the device's clock if it has one. Converts them to the host's clock, so
/// that both form one timeline.
/// </summary>
internal sealed class StreamClock : IDisposable
{
    private const int Alignments = 20;

    private readonly StreamMarks _marks;
    private readonly TimeSpan _offset;

    /// <param name="device">A device that was opened as timed.</param>
    public StreamClock(ComputeDevice device)
    {
        _marks = device.NewMarks();
        _offset = Align(device);
    }

    /// <summary>The host's clock, to which all times refer.</summary>
    public static TimeSpan Now => Stopwatch.GetElapsedTime(0);

    /// <summary>Appends a time stamp to the stream; does not wait.</summary>
    public void Mark() => _marks.Mark();

    /// <summary>Waits for the time stamps since the last call and returns them in order.</summary>
    public TimeSpan[] Read() => Array.ConvertAll(_marks.Read(), time => time + _offset);

    public void Dispose() => _marks.Dispose();

    // A mark on an idle stream is taken between two readings of the host's clock. Of a few tries, the narrowest interval counts.
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
