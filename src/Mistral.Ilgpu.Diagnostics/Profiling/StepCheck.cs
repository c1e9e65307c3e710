using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Runs each step on a model's device and on a reference, both from the same activations, and finds the first that differs: the
/// largest error of a row of its output, ‖row − reference‖ / ‖reference‖. Each keeps its own cache, so that a key that is stored
/// wrongly shows where it is attended to.
/// </summary>
/// <param name="reference">The same checkpoint with the same options, on the CPU accelerator.</param>
internal sealed class StepCheck(MistralModel model, MistralModel reference)
{
    /// <summary>Above what the order of sums and the rounding of inputs do, below what one wrong element of a long row
    /// does.</summary>
    public const double Tolerance = 1e-3;

    /// <summary>The same for prompts on tensor cores, which take 16 bits of activations that the reference takes 32 or 8
    /// of.</summary>
    public const double RoundedTolerance = 2e-2;

    private readonly bool _rounds = Family.Of(model.Device).RoundsPrompts(model.Options.Activations);
    private readonly Batch _batch = new();

    /// <summary>Checks a prompt and what is generated greedily after it, until a step differs.</summary>
    public StepCheckResult Run(int[] prompt, int generated, CancellationToken cancellation = default)
    {
        using var sequence = model.TryOpen(prompt.Length + generated);
        using var referenceSequence = reference.TryOpen(prompt.Length + generated);
        if (sequence is null || referenceSequence is null)
        {
            throw new InvalidOperationException("the cache has no room for the text");
        }

        CheckedPasses? check = null;
        using var decorated = model.Decorate(
            (inner, direct) => check = new CheckedPasses(inner, direct, model, reference, _rounds, cancellation));
        int next = 0;
        int passes = 0;
        foreach (var pass in GreedyPass.Of(model, prompt, generated))
        {
            pass.Fill(_batch, sequence, prompt, next);
            pass.Fill(check!.ReferenceBatch, referenceSequence, prompt, next);
            passes++;
            model.Forward(_batch, cancellation);
            var found = check.Found;
            if (found is null && pass.Chooses)
            {
                next = model.ArgMax()[0];
                int expected = reference.ArgMax()[0];
                found = next == expected ? null : ("choose", 0, 1, 0);
            }

            if (found is var (step, row, error, tolerance))
            {
                return new StepCheckResult(
                    check.WorstErrors, passes, new StepDifference(step, pass.ToString(), row, error, tolerance));
            }
        }

        return new StepCheckResult(check!.WorstErrors, passes, null);
    }
}
