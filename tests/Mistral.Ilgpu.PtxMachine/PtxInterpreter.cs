namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Runs PTX on the CPU, slowly and strictly, for tests. A thread runs until it ends or must meet others, at a barrier or in an
/// instruction of its warp; then the next one does. What hardware forbids or leaves undefined is an error here. Such are accesses
/// outside what the kernel was given, misaligned ones, races in shared memory. So are shared memory that an asynchronous copy has
/// not filled yet, and threads that wait in vain.
/// </summary>
/// <remarks> A kernel that waits by itself for the one before it may have begun while that runs. Until it has waited its threads
/// may neither touch global memory nor end. Groups run one after the other, except the two of a cluster, and those of kernels with
/// atomic operations on global memory. These run in turns, and see of each other's writes what fences make visible, see <see cref="GroupMemory"/>.
/// These are not modelled: time; the order of memory accesses of threads other than by barriers and fences; races in global
/// memory. Nor are fusing of products and sums, subnormal operands of <c>.ftz</c>, the rounding inside tensor products. Nor are
/// limits on registers and shared memory. </remarks>
public sealed class PtxInterpreter(PtxKernel kernel)
{
    private int _launches;

    /// <summary>Instructions run so far, by all threads.</summary>
    public long Executed { get; private set; }

    /// <param name="parameters">The by-value parameter.</param>
    /// <param name="memory">What the kernel may touch.</param>
    /// <exception cref="PtxException">It does what hardware forbids; the message says which thread and where.</exception>
    public void Launch(LaunchShape shape, ReadOnlySpan<byte> parameters, GlobalMemory memory)
    {
        if (parameters.Length != kernel.ParameterBytes)
        {
            throw new PtxException($"{kernel.Name} takes {kernel.ParameterBytes} bytes of parameters, not {parameters.Length}");
        }

        if (shape.Group.Count is < 1 or > 1024 || shape.Grid.Count < 1)
        {
            throw new PtxException($"cannot launch {shape}");
        }

        if (shape.Grid.X % kernel.ClusterSize != 0 || (kernel.ClusterSize > 1 && kernel.HasGlobalAtomics))
        {
            throw new PtxException($"cannot launch {shape} in clusters of {kernel.ClusterSize} groups");
        }

        byte[] bytes = parameters.ToArray();
        int groups = shape.Grid.Count;
        var order = Enumerable.Range(0, groups).Select(index => shape.Grid.At(shape.IsReversed ? groups - 1 - index : index));
        if (kernel.HasGlobalAtomics && groups > 1)
        {
            var publications = new Publications();
            RunTogether(order, () => new ThreadGroup(kernel, shape, bytes, memory, new GroupMemory(memory, publications)));
            return;
        }

        var cluster = new Cluster(kernel.ClusterSize, ThreadGroup.WarpsOf(shape), memory, shape.IsReversed);
        ThreadGroup[] together =
        [
            .. Enumerable.Range(0, kernel.ClusterSize).Select(rank => new ThreadGroup(kernel, shape, bytes, memory, cluster: cluster, rank: rank)),
        ];
        foreach (var indexes in order.Chunk(together.Length))
        {
            // Of groups in a row the first has rank 0.
            foreach (var (group, index) in together.Zip(indexes.OrderBy(index => index.X)))
            {
                group.Begin(index);
            }

            cluster.Run();
        }

        foreach (var group in together)
        {
            Executed += group.Executed;
            group.Dispose();
        }
    }

    // As many as there is room for, in turns that are drawn.
    private void RunTogether(IEnumerable<Extent> order, Func<ThreadGroup> create)
    {
        const int Room = 64;
        var random = new Random(_launches++);
        var waiting = new Queue<Extent>(order);
        List<ThreadGroup> running = [];
        while (running.Count > 0 || waiting.Count > 0)
        {
            while (running.Count < Room && waiting.TryDequeue(out var index))
            {
                running.Add(create());
                running[^1].Begin(index);
            }

            int next = random.Next(running.Count);
            if (running[next].Advance())
            {
                Executed += running[next].Executed;
                running[next].Dispose();
                running.RemoveAt(next);
            }
        }
    }
}
