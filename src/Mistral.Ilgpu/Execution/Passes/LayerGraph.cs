using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// The bound steps of a model. In a pass of one decoded row, fused steps may replace others. So there is a list for each kind of
/// pass: of one decoded token or not, and of one row of logits or not.
/// </summary>
internal sealed class LayerGraph
{
    private readonly Step[][] _lists;
    private readonly Func<ulong, LayerGraph>? _withAdapters;

    /// <param name="steps">For each operation of the plan, its step in passes of one decoded row and in others; null if another
    /// step does its work.</param>
    /// <param name="withAdapters">Returns the steps of passes with adapters; null if there are none.</param>
    internal LayerGraph(IReadOnlyList<(Step? Alone, Step? Together)> steps, Func<ulong, LayerGraph>? withAdapters = null)
    {
        _withAdapters = withAdapters;
        _lists = [List(false, false), List(false, true), List(true, false), List(true, true)];

        Step[] List(bool isTokenAlone, bool isLogitAlone)
        {
            return [.. steps.Select(step => IsAlone((step.Alone ?? step.Together)!) ? step.Alone : step.Together).OfType<Step>()];

            bool IsAlone(Step step) => step.Operation.Rows == RowSet.Logits ? isLogitAlone : isTokenAlone;
        }
    }

    /// <summary>The steps of passes of several rows.</summary>
    public IReadOnlyList<Step> Steps => _lists[0];

    /// <summary>The graph of passes with these adapters.</summary>
    /// <param name="adapters">See <see cref="Pass.Adapters"/>.</param>
    public LayerGraph With(ulong adapters) => adapters == 0 || _withAdapters is null ? this : _withAdapters(adapters);

    /// <summary>The steps of a pass, in order.</summary>
    public ReadOnlySpan<Step> StepsOf(Pass pass) =>
        With(pass.Adapters)._lists[(RowSet.Tokens.IsAlone(pass) ? 2 : 0) + (RowSet.Logits.IsAlone(pass) ? 1 : 0)];

    /// <summary>The bytes and operations of all steps in a pass.</summary>
    public StepCost Cost(Pass pass)
    {
        var cost = default(StepCost);
        foreach (var step in StepsOf(pass))
        {
            cost += step.Cost(pass);
        }

        return cost;
    }
}
