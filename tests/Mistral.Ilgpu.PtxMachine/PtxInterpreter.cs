namespace Mistral.Ilgpu.PtxMachine;

/// <summary>
/// Runs PTX on the CPU, slowly and strictly, for tests. A thread runs until it ends or must meet others, at a barrier or in an instruction of
/// its warp; then the next one does. What hardware forbids or leaves undefined is an error here: accesses outside what the kernel was given,
/// misaligned ones, races in shared memory, shared memory that an asynchronous copy has not filled yet, threads that wait in vain.
/// </summary>
/// <remarks>
/// Not modelled: time; caches and the order of memory accesses among groups and threads other than by barriers; races in global memory;
/// fusing of products and sums; subnormal operands of <c>.ftz</c>; the rounding inside tensor products; registers and shared memory that a
/// device would not have.
/// </remarks>
public sealed class PtxInterpreter(PtxKernel kernel)
{
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

        var group = new ThreadGroup(kernel, shape, parameters.ToArray(), memory);
        int groups = shape.Grid.Count;
        for (int index = 0; index < groups; index++)
        {
            group.Run(shape.Grid.At(shape.IsReversed ? groups - 1 - index : index));
        }

        Executed += group.Executed;
    }
}
