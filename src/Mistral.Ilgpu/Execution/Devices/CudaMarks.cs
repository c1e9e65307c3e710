using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Time stamps by CUDA events.</summary>
internal sealed class CudaMarks(ComputeDevice device) : StreamMarks
{
    private readonly List<ProfilingMarker> _markers = [];
    private ProfilingMarker? _last;
    private TimeSpan _lastTime;

    public override void Mark() => _markers.Add(device.Stream.AddProfilingMarker());

    public override void Dispose()
    {
        _markers.ForEach(marker => marker.Dispose());
        _last?.Dispose();
    }

    public override TimeSpan[] Read()
    {
        var times = new TimeSpan[_markers.Count];
        for (int i = 0; i < times.Length; i++)
        {
            var marker = _markers[i];
            marker.Synchronize();
            // The time between two events is in single precision, so each event is measured from the previous one.
            _lastTime += _last is null ? TimeSpan.Zero : marker.MeasureFrom(_last);
            times[i] = _lastTime;
            _last?.Dispose();
            _last = marker;
        }

        _markers.Clear();
        return times;
    }
}
