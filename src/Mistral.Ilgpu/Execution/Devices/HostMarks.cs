using System.Diagnostics;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Time stamps by the host's clock, for the CPU accelerator, whose launches return when they are done.</summary>
internal sealed class HostMarks : StreamMarks
{
    private readonly List<TimeSpan> _times = [];

    public override void Mark() => _times.Add(Stopwatch.GetElapsedTime(0));

    public override void Dispose() => _times.Clear();

    public override TimeSpan[] Read()
    {
        TimeSpan[] times = [.. _times];
        _times.Clear();
        return times;
    }
}
