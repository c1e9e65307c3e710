using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>An operation of a plan, bound to its buffers. Running it launches one or a few kernels.</summary>
/// <param name="output">The activations that it writes; null if it writes none.</param>
/// <param name="addedCost">The cost of adapters, beside the operation's own.</param>
internal sealed class Step(Operation operation, Launch launch, Activation? output, Func<Pass, StepCost>? addedCost = null)
{
    public Operation Operation { get; } = operation;

    /// <summary>See <see cref="Operation.Name"/>.</summary>
    public string Name => Operation.Name;

    /// <summary>See <see cref="Operation.Kind"/>.</summary>
    public string Kind { get; } = operation.Kind;

    /// <summary>See <see cref="Operation.Layer"/>.</summary>
    public string Layer { get; } = operation.Layer;

    /// <summary>See <see cref="StepChains"/>.</summary>
    public IReadOnlyList<ILink>? Links(bool isSplit) => launch.Links(isSplit);

    /// <summary>
    /// The activations that the step writes, with <see cref="RowCount"/> rows; null if it writes none. Attention also writes the
    /// cache.
    /// </summary>
    public Activation? Output => output;

    /// <summary>The rows of the step in a pass.</summary>
    public int RowCount(Pass pass) => Operation.Rows.Count(pass);

    /// <summary>Puts the step's kernels on the device's stream if the pass has rows for it; does not wait.</summary>
    public void Launch(Pass pass)
    {
        if (RowCount(pass) > 0)
        {
            launch.Run(pass);
        }
    }

    /// <summary>The bytes and operations of the step, including the adapters that are on.</summary>
    public StepCost Cost(Pass pass) =>
        RowCount(pass) == 0 ? default : Operation.Cost(pass) + (addedCost?.Invoke(pass) ?? default);
}
