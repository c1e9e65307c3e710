namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Time stamps between the kernels of a device's stream, taken by the device where it has a clock of its own.</summary>
internal abstract class StreamMarks : IDisposable
{
    /// <summary>Puts a stamp behind what is on the stream; does not wait.</summary>
    public abstract void Mark();

    /// <summary>The times of the marks since the last call, in their order, from any origin; waits for them.</summary>
    public abstract TimeSpan[] Read();

    public abstract void Dispose();
}
