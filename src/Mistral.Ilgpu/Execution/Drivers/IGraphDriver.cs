namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>Records the launches on a stream and replays them in one call. Implemented by CUDA and by tests.</summary>
internal interface IGraphDriver
{
    /// <summary>Starts to record launches instead of running them.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void BeginCapture();

    /// <summary>The reason why the recording is slower than it could be; null if there is none.</summary>
    string? Drawback { get; }

    /// <summary>Returns the recording, ready to be replayed. Ends recording, whether it succeeds or not.</summary>
    /// <exception cref="DeviceException">The driver refuses, or a call was made that cannot be recorded.</exception>
    nint EndCapture();

    /// <summary>Replays a recording on the stream; does not wait.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void Launch(nint graph);

    void Destroy(nint graph);
}
