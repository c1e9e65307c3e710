namespace Mistral.Ilgpu.Execution;

/// <summary>One walk of the graph: which tokens of the sequence it takes, and for how many of them logits are wanted.</summary>
/// <param name="StartPosition">Absolute position of the first token.</param>
/// <param name="LogitCount">Rows of logits, for the last tokens of the pass; 0 for none.</param>
public readonly record struct Pass(int TokenCount, int StartPosition, int LogitCount);

/// <summary>What a step moves and computes in one pass.</summary>
/// <param name="Bytes">Bytes of device memory that must be read or written, each counted once.</param>
/// <param name="Operations">Arithmetic operations; a multiply-add is two.</param>
public readonly record struct StepCost(long Bytes, long Operations);

/// <summary>A named node of the graph, bound to its buffers: running it launches its kernels, one or a few.</summary>
public sealed class Step(string name, Action<Pass> launch, Func<Pass, StepCost> cost, RowSet rows = RowSet.Tokens)
{
    public string Name { get; } = name;

    /// <summary>Puts the step's kernels on the device's stream, if the pass has rows for them; does not wait.</summary>
    public void Launch(Pass pass)
    {
        if (rows == RowSet.Tokens || pass.LogitCount > 0)
        {
            launch(pass);
        }
    }

    public StepCost Cost(Pass pass) => cost(pass);
}
