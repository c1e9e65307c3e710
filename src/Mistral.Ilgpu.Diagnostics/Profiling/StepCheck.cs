using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Runs each step on a model's device and on a reference with the same input, and finds the first step that differs.
/// The error is the largest ‖row − reference‖ / ‖reference‖ of the rows of its output.
/// Each model has its own cache, so a wrongly stored key shows when it is attended to.
/// </summary>
/// <param name="reference">The same checkpoint with the same options, on the CPU accelerator.</param>
internal sealed class StepCheck(MistralModel model, MistralModel reference)
{
    /// <summary>
    /// More than the order of sums and the rounding of inputs can cause, and less than one wrong element of a long row causes.
    /// </summary>
    public const double Tolerance = 1e-3;

    /// <summary>
    /// The tolerance of prompts on tensor cores, which read 16-bit activations where the reference reads 32 or 8 bits.
    /// </summary>
    public const double RoundedTolerance = 2e-2;

    private readonly Batch _batch = new();

    /// <summary>Checks a prompt and the tokens generated greedily after it, until a step differs.</summary>
    public StepCheckResult Run(int[] prompt, int generated, CancellationToken cancellation = default)
    {
        using var open = new OpenTexts(model, 1, prompt.Length + generated);
        using var openReference = new OpenTexts(reference, 1, prompt.Length + generated);
        var check = new StepComparison(reference);
        using var decorated = model.Decorate(part => new CheckedPasses(part, model, check, cancellation));
        int[] next = new int[1];
        int passes = 0;
        foreach (var pass in GreedyPass.Of(model, prompt, generated))
        {
            pass.Fill(_batch, open.Sequences, prompt, next);
            pass.Fill(check.ReferenceBatch, openReference.Sequences, prompt, next);
            passes++;
            model.Forward(_batch, cancellation);
            var found = check.Found;
            if (found is null && pass.Chooses)
            {
                pass.Keep(model, next);
                found = next[0] == reference.ArgMax()[0] ? null : ("choose", 0, 1, 0);
            }

            if (found is var (step, row, error, tolerance))
            {
                return new StepCheckResult(
                    check.WorstErrors, passes, new StepDifference(step, pass.ToString(), row, error, tolerance));
            }
        }

        return new StepCheckResult(check.WorstErrors, passes, null);
    }
}
