using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Captured graphs: chains of nodes, each of which follows the one before.</summary>
public static unsafe partial class CudaDriver
{
    private const int KernelNode = 0;

    // From where all groups of a kernel have let the next one begin.
    private const ulong ProgrammaticEdge = 0x01_00_01;

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphClone(nint* clone, nint graph) => Call(() =>
    {
        var original = Get<Graph>(graph);
        *clone = NewHandle(new Graph([.. original.Nodes.Select(node => Get<Node>(node).Command)], [.. original.Edges]));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphGetEdges(nint handle, nint* from, nint* to, nint* count) => Call(() =>
    {
        var graph = Get<Graph>(handle);
        for (int i = 0; from is not null && i < Math.Min(*count, graph.Edges.Length); i++)
        {
            Require(graph.Edges[i] is not ProgrammaticEdge, "an edge has data that this query has no room for");
            (from[i], to[i]) = (graph.Nodes[i], graph.Nodes[i + 1]);
        }

        *count = graph.Edges.Length;
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphNodeGetType(nint node, int* type) =>
        Call(() => *type = Get<Node>(node).Command.Function == 0 ? KernelNode + 1 : KernelNode);

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphKernelNodeGetParams(nint node, nint* parameters) => Call(() =>
    {
        var command = Get<Node>(node).Command;
        Require(command.Function != 0, "the node is no kernel");
        // Its shape and its arguments are not read.
        *parameters = command.Function;
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphRemoveDependencies(nint handle, nint* from, nint* to, nint count) => Call(() =>
    {
        for (int i = 0; i < count; i++)
        {
            ref ulong? edge = ref Get<Graph>(handle).Between(from[i], to[i]);
            Require(edge == 0, "there is no such edge");
            edge = null;
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphAddDependencies_v2(nint handle, nint* from, nint* to, ulong* data, nint count) => Call(() =>
    {
        for (int i = 0; i < count; i++)
        {
            ref ulong? edge = ref Get<Graph>(handle).Between(from[i], to[i]);
            Require(edge is null, "there is such an edge already");
            Require(data[i] is 0 or ProgrammaticEdge, $"{data[i]:x}: such edges are not modelled");
            edge = data[i];
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphInstantiateWithFlags(nint* executable, nint handle, ulong flags) => Call(() =>
    {
        var graph = Get<Graph>(handle);
        Command[] commands = [.. graph.Nodes.Select(node => Get<Node>(node).Command)];
        for (int i = 0; i < graph.Edges.Length; i++)
        {
            Require(graph.Edges[i] is not null, $"nothing makes node {i + 1} follow node {i}");
            if (graph.Edges[i] is ProgrammaticEdge)
            {
                Require(
                    Current.Device.Architecture >= 90 && commands[i].Function != 0 && commands[i + 1].Function != 0,
                    "only kernels of sm_90 and newer may begin early");
                var next = Get<Function>(commands[i + 1].Function).Kernel;
                // Allowed by CUDA, and never meant.
                Require(next.AwaitsPredecessor, $"{next.Name} begins early and awaits nothing");
            }
        }

        Counts.RecordedKernels = commands.Count(command => command.Function != 0);
        Counts.EarlyKernels = graph.Edges.Count(edge => edge is ProgrammaticEdge);
        *executable = NewHandle(new ExecutableGraph(commands));
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphLaunch(nint executable, nint stream) => Call(() =>
    {
        foreach (var command in Get<ExecutableGraph>(executable).Commands)
        {
            StreamOf(stream).Add(command);
        }
    });

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphDestroy(nint handle) =>
        Call(() => Take<Graph>(handle).Nodes.ForEach(node => Take<Node>(node)));

    [UnmanagedCallersOnly]
    private static CudaResult cuGraphExecDestroy(nint executable) => Call(() => Take<ExecutableGraph>(executable));

    private sealed record Node(Command Command);

    /// <param name="edges">The data of the edge between each node and the next; null where there is none.</param>
    private sealed class Graph(Command[] commands, ulong?[] edges)
    {
        public List<nint> Nodes { get; } = [.. commands.Select(command => NewHandle(new Node(command)))];

        public ulong?[] Edges => edges;

        public ref ulong? Between(nint from, nint to)
        {
            int index = Nodes.IndexOf(from);
            Require(index >= 0 && index + 1 < Nodes.Count && Nodes[index + 1] == to, "such edges are not modelled");
            return ref edges[index];
        }
    }

    private sealed record ExecutableGraph(IReadOnlyList<Command> Commands);
}
