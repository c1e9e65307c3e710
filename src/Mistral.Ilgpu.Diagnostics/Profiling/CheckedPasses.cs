using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Also runs each step of a part on the reference, both with the same input, and compares the outputs. After the first
/// difference, steps run without being compared.
/// </summary>
internal sealed class CheckedPasses(
    ModelPart part, MistralModel model, StepComparison comparison, CancellationToken cancelled)
    : WalkedPasses(part.Runner, part.Direct)
{
    // Whether prompts are multiplied with 16-bit activations.
    private readonly bool _rounds = Family.Of(part.Device).RoundsPrompts(model.Options.Activations);
    private readonly HashSet<string> _own = [.. part.Plan.Operations.Select(operation => operation.Name)];

    public override PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        if (part == model.Parts[0])
        {
            comparison.Begin();
        }

        double tolerance = _rounds && pass.PrefillCount > 0 ? StepCheck.RoundedTolerance : StepCheck.Tolerance;
        var steps = part.Graph.StepsOf(pass).ToArray().ToDictionary(step => step.Name);
        foreach (var referenceStep in comparison.Steps.Where(step => _own.Contains(step.Name)))
        {
            cancelled.ThrowIfCancellationRequested();
            comparison.Launch(referenceStep);
            // If the device's next step does the work of this one, both are checked together.
            if (!steps.TryGetValue(referenceStep.Name, out var step) || step.RowCount(pass) == 0)
            {
                continue;
            }

            Launch(step, pass);
            comparison.Compare(part.Device, step, referenceStep, step.RowCount(pass), tolerance);
        }

        if (part == model.Parts[^1])
        {
            comparison.End();
        }

        return PassOutcome.Launched;
    }
}
