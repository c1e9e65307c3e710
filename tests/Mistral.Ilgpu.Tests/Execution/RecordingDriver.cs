using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Tests.Execution;

/// <summary>Records and plays launches as CUDA does: arguments and shapes as they were when it recorded.</summary>
internal sealed class RecordingDriver : IGraphDriver
{
    private readonly Dictionary<nint, List<Action>> _graphs = [];
    private List<Action>? _recording;
    private nint _last;

    /// <summary>The function that is refused.</summary>
    public string? Refused { get; set; }

    public int Recorded { get; private set; }

    public int Played { get; private set; }

    /// <summary>Launches of the last recording.</summary>
    public int Launches => _graphs[_last].Count;

    /// <summary>Recordings that were made and not destroyed.</summary>
    public int Kept => _graphs.Count;

    public bool IsRecording => _recording is not null;

    /// <summary>What a kernel's launch does on such a device.</summary>
    public void Submit(Action launch)
    {
        if (_recording is null)
        {
            launch();
        }
        else
        {
            _recording.Add(launch);
        }
    }

    public string? Drawback { get; init; }

    public void BeginCapture()
    {
        Require(nameof(BeginCapture));
        _recording = [];
    }

    public nint EndCapture()
    {
        var recording = _recording ?? throw new InvalidOperationException("nothing is recorded");
        _recording = null;
        Require(nameof(EndCapture));
        Recorded++;
        _graphs.Add(++_last, recording);
        return _last;
    }

    public void Launch(nint graph)
    {
        Require(nameof(Launch));
        Played++;
        _graphs[graph].ForEach(launch => launch());
    }

    public void Destroy(nint graph) => Assert(_graphs.Remove(graph));

    private static void Assert(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("no such recording");
        }
    }

    private void Require(string function)
    {
        if (Refused == function)
        {
            throw new DeviceException($"{function} is refused");
        }
    }
}
