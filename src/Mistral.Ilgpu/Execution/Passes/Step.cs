using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>An operation of a plan, bound to its buffers: running it launches its kernels, one or a few.</summary>
/// <param name="output">What it makes, where that is activations.</param>
/// <param name="addedCost">What adapters add to the operation's cost.</param>
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

    /// <summary>Activations that the step makes: a row for each of <see cref="RowCount"/>, and the cache where it
    /// attends.</summary>
    public Activation? Output => output;

    /// <summary>Rows that the step has in a pass.</summary>
    public int RowCount(Pass pass) => Operation.Rows.Count(pass);

    /// <summary>Puts the step's kernels on the device's stream, if the pass has rows for it; does not wait.</summary>
    public void Launch(Pass pass)
    {
        if (RowCount(pass) > 0)
        {
            launch.Run(pass);
        }
    }

    /// <summary>What it moves and computes: what its operation does, and the adapters that are on.</summary>
    public StepCost Cost(Pass pass) =>
        RowCount(pass) == 0 ? default : Operation.Cost(pass) + (addedCost?.Invoke(pass) ?? default);
}
