using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// CUDA graphs of a stream, by calls of the driver, because ILGPU has none. A kernel that itself waits for the previous one
/// (<see cref="Predecessor"/>) may start before that has ended. If the driver does not support this, it starts after.
/// </summary>
/// <param name="mayBeginEarly">Whether a driver's function is such a kernel; null for none.</param>
internal sealed partial class CudaGraphDriver(CudaStream stream, Func<nint, bool>? mayBeginEarly = null) : IGraphDriver
{
    // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads may make calls that capturing forbids.
    private const int ThreadLocal = 1;

    private const int KernelNode = 0;

    // From the port where all groups of a kernel have let the next one start. The edge orders only what that kernel itself
    // awaits.
    private static readonly EdgeData Programmatic = new() { FromPort = 1, Type = 1 };

    public string? Drawback { get; private set; }

    public void BeginCapture()
    {
        stream.Accelerator.Bind();
        Require(StreamBeginCapture(stream.StreamPtr, ThreadLocal), "cuStreamBeginCapture");
    }

    public nint EndCapture()
    {
        stream.Accelerator.Bind();
        // Belongs to this recording, not to a previous one.
        Drawback = null;
        Require(StreamEndCapture(stream.StreamPtr, out nint graph), "cuStreamEndCapture");
        try
        {
            return InstantiateWithEarlyBeginnings(graph) ?? Instantiate(graph);
        }
        finally
        {
            _ = GraphDestroy(graph);
        }
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

    private static nint Instantiate(nint graph)
    {
        Require(GraphInstantiate(out nint executable, graph, flags: 0), "cuGraphInstantiate");
        return executable;
    }

    // Null if nothing may start early, or the driver refuses. Works on a clone, so that the graph stays as recorded.
    private nint? InstantiateWithEarlyBeginnings(nint graph)
    {
        if (mayBeginEarly is null)
        {
            return null;
        }

        nint copy = 0;
        try
        {
            Require(GraphClone(out copy, graph), "cuGraphClone");
            var edges = EdgesInto(copy, mayBeginEarly);
            if (edges.From.Length == 0)
            {
                Drawback = "no recorded kernel waits for the previous one by itself";
                return null;
            }

            Require(GraphRemoveDependencies(copy, edges.From, edges.To, edges.From.Length), "cuGraphRemoveDependencies");
            var data = new EdgeData[edges.From.Length];
            data.AsSpan().Fill(Programmatic);
            Require(GraphAddDependencies(copy, edges.From, edges.To, data, data.Length), "cuGraphAddDependencies");
            return Instantiate(copy);
        }
        // TypeLoadException: the driver lacks one of the functions.
        catch (Exception exception) when (exception is DeviceException or TypeLoadException)
        {
            Drawback = exception.Message;
            return null;
        }
        finally
        {
            if (copy != 0)
            {
                _ = GraphDestroy(copy);
            }
        }
    }

    /// <summary>The edges between two kernels of which the second may start early.</summary>
    private static (nint[] From, nint[] To) EdgesInto(nint graph, Func<nint, bool> mayBeginEarly)
    {
        nint count = 0;
        Require(GraphGetEdges(graph, null, null, ref count), "cuGraphGetEdges");
        var (from, to) = (new nint[count], new nint[count]);
        Require(GraphGetEdges(graph, from, to, ref count), "cuGraphGetEdges");
        int[] chosen = [.. Enumerable.Range(0, (int)count).Where(
            i => FunctionOf(to[i]) is nint function && mayBeginEarly(function) && FunctionOf(from[i]) is not null)];
        return ([.. chosen.Select(i => from[i])], [.. chosen.Select(i => to[i])]);
    }

    /// <summary>The function that a node launches; null for nodes that are not kernels.</summary>
    private static nint? FunctionOf(nint node)
    {
        Require(GraphNodeGetType(node, out int type), "cuGraphNodeGetType");
        if (type != KernelNode)
        {
            return null;
        }

        Require(GraphKernelNodeGetParams(node, out var parameters), "cuGraphKernelNodeGetParams");
        return parameters.Function;
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

    // Newer drivers also have cuGraphInstantiate_v2, which needs a log; this function exists since CUDA 11.4.
    [LibraryImport("cuda", EntryPoint = "cuGraphInstantiateWithFlags")]
    private static partial int GraphInstantiate(out nint executable, nint graph, ulong flags);

    [LibraryImport("cuda", EntryPoint = "cuGraphLaunch")]
    private static partial int GraphLaunch(nint executable, nint stream);

    [LibraryImport("cuda", EntryPoint = "cuGraphDestroy")]
    private static partial int GraphDestroy(nint graph);

    [LibraryImport("cuda", EntryPoint = "cuGraphExecDestroy")]
    private static partial int GraphExecDestroy(nint executable);

    [LibraryImport("cuda", EntryPoint = "cuGraphClone")]
    private static partial int GraphClone(out nint clone, nint graph);

    [LibraryImport("cuda", EntryPoint = "cuGraphGetEdges")]
    private static partial int GraphGetEdges(nint graph, nint[]? from, nint[]? to, ref nint count);

    [LibraryImport("cuda", EntryPoint = "cuGraphNodeGetType")]
    private static partial int GraphNodeGetType(nint node, out int type);

    [LibraryImport("cuda", EntryPoint = "cuGraphKernelNodeGetParams")]
    private static partial int GraphKernelNodeGetParams(nint node, out KernelNodeParams parameters);

    [LibraryImport("cuda", EntryPoint = "cuGraphRemoveDependencies")]
    private static partial int GraphRemoveDependencies(nint graph, nint[] from, nint[] to, nint count);

    // Exists since CUDA 12.3: edges with data.
    [LibraryImport("cuda", EntryPoint = "cuGraphAddDependencies_v2")]
    private static partial int GraphAddDependencies(nint graph, nint[] from, nint[] to, EdgeData[] data, nint count);

    /// <summary>CUgraphEdgeData.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 8)]
    private struct EdgeData
    {
        public byte FromPort, ToPort, Type;
    }

    /// <summary>CUDA_KERNEL_NODE_PARAMS_v1.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct KernelNodeParams
    {
        public nint Function;
        public uint GridX, GridY, GridZ, GroupX, GroupY, GroupZ, SharedBytes;
        public nint Arguments, Extra;
    }
}
