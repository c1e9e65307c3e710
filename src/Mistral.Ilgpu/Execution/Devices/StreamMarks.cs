namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Time stamps between the kernels of a stream, by the device's clock if it has one.</summary>
internal abstract class StreamMarks : IDisposable
{
    /// <summary>Appends a time stamp to the stream; does not wait.</summary>
    public abstract void Mark();

    /// <summary>Waits for the time stamps since the last call and returns them in order, from an arbitrary origin.</summary>
    public abstract TimeSpan[] Read();

    public abstract void Dispose();
}
