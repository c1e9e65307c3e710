using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution;

/// <summary>What records the launches on a stream and plays them back at once: CUDA does, or a test.</summary>
internal interface IGraphDriver
{
    /// <summary>From now on launches are recorded and not run.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void BeginCapture();

    /// <summary>What was recorded, ready to be played; nothing is recorded from now on, whether it succeeds or not.</summary>
    /// <exception cref="DeviceException">The driver refuses, or something that cannot be recorded was asked for meanwhile.</exception>
    nint EndCapture();

    /// <summary>Plays a recording on the stream; does not wait.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    void Launch(nint graph);

    void Destroy(nint graph);
}

/// <summary>CUDA graphs of a stream, by the driver's own functions: ILGPU has none.</summary>
internal sealed partial class CudaGraphDriver(CudaStream stream) : IGraphDriver
{
    // Other threads may go on with what capturing forbids.
    private const int ThreadLocal = 1;

    public void BeginCapture()
    {
        stream.Accelerator.Bind();
        Require(StreamBeginCapture(stream.StreamPtr, ThreadLocal), "cuStreamBeginCapture");
    }

    public nint EndCapture()
    {
        stream.Accelerator.Bind();
        Require(StreamEndCapture(stream.StreamPtr, out nint graph), "cuStreamEndCapture");
        int error = GraphInstantiate(out nint executable, graph, flags: 0);
        _ = GraphDestroy(graph);
        Require(error, "cuGraphInstantiate");
        return executable;
    }

    public void Launch(nint graph)
    {
        stream.Accelerator.Bind();
        Require(GraphLaunch(graph, stream.StreamPtr), "cuGraphLaunch");
    }

    public void Destroy(nint graph)
    {
        stream.Accelerator.Bind();
        _ = GraphExecDestroy(graph);
    }

    private static void Require(int error, string function)
    {
        if (error != 0)
        {
            throw new DeviceException($"{function} failed: {CudaAPI.CurrentAPI.GetErrorString((CudaError)error)} ({error})");
        }
    }

    [LibraryImport("cuda", EntryPoint = "cuStreamBeginCapture_v2")]
    private static partial int StreamBeginCapture(nint stream, int mode);

    [LibraryImport("cuda", EntryPoint = "cuStreamEndCapture")]
    private static partial int StreamEndCapture(nint stream, out nint graph);

    // Its newer namesake, cuGraphInstantiate_v2, wants a log; this one has been there since CUDA 11.4.
    [LibraryImport("cuda", EntryPoint = "cuGraphInstantiateWithFlags")]
    private static partial int GraphInstantiate(out nint executable, nint graph, ulong flags);

    [LibraryImport("cuda", EntryPoint = "cuGraphLaunch")]
    private static partial int GraphLaunch(nint executable, nint stream);

    [LibraryImport("cuda", EntryPoint = "cuGraphDestroy")]
    private static partial int GraphDestroy(nint graph);

    [LibraryImport("cuda", EntryPoint = "cuGraphExecDestroy")]
    private static partial int GraphExecDestroy(nint executable);
}
