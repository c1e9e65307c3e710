namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>What records the launches on a stream and plays them back at once: CUDA does, or a test.</summary>
internal interface IGraphDriver
{
    /// <summary>From now on launches are recorded and not run.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void BeginCapture();

    /// <summary>Why what it records is slower than it might be; null where it is not.</summary>
    string? Drawback { get; }

    /// <summary>What was recorded, ready to be played; nothing is recorded from now on, whether it succeeds or not.</summary>
    /// <exception cref="DeviceException">The driver refuses, or something that cannot be recorded was asked for
    /// meanwhile.</exception>
    nint EndCapture();

    /// <summary>Plays a recording on the stream; does not wait.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void Launch(nint graph);

    void Destroy(nint graph);
}
