using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Profiling;

/// <summary>The first step that differs from the reference.</summary>
/// <param name="Pass">What the pass took, in words.</param>
/// <param name="Row">The row of the step's output that is farthest off.</param>
/// <param name="Tolerance">What <paramref name="Error"/> may be at most.</param>
/// <param name="Error">See <see cref="StepCheck"/>; NaN where the output has one, 1 of a token chosen otherwise.</param>
public sealed record StepDifference(string Step, string Pass, int Row, double Error, double Tolerance);

/// <param name="WorstErrors">Of each kind of step, in the order of the graph.</param>
/// <param name="Passes">Passes that were checked.</param>
/// <param name="First">Null where every step agrees.</param>
public sealed record StepCheckResult(IReadOnlyDictionary<string, double> WorstErrors, int Passes, StepDifference? First);

/// <summary>
/// Runs each step on a model's device and on a reference, both from the same activations, and finds the first that differs: the
/// largest error of a row of its output, ‖row − reference‖ / ‖reference‖. Each keeps its own cache, so that a key that is stored
/// wrongly shows where it is attended to.
/// </summary>
/// <param name="reference">The same checkpoint with the same options, on the CPU accelerator.</param>
public sealed class StepCheck(MistralModel model, MistralModel reference)
{
    /// <summary>Above what the order of sums and the rounding of inputs do, below what one wrong element of a long row
    /// does.</summary>
    public const double Tolerance = 1e-3;

    /// <summary>The same for prompts on tensor cores, which take 16 bits of activations that the reference takes 32 or 8
    /// of.</summary>
    public const double RoundedTolerance = 2e-2;

    private readonly bool _rounds = Family.Of(model.Device).RoundsPrompts(model.Options.Activations);
    private readonly Batch _batch = new();
    private readonly Batch _referenceBatch = new();
    private readonly Dictionary<string, double> _worst = [];

    /// <summary>Checks a prompt and what is generated greedily after it, until a step differs.</summary>
    public StepCheckResult Run(int[] prompt, int generated, CancellationToken cancellation = default)
    {
        _worst.Clear();
        using var sequence = model.TryOpen(prompt.Length + generated);
        using var referenceSequence = reference.TryOpen(prompt.Length + generated);
        if (sequence is null || referenceSequence is null)
        {
            throw new InvalidOperationException("the cache has no room for the text");
        }

        int next = 0;
        int passes = 0;
        foreach (var pass in GreedyPass.Of(model, prompt, generated))
        {
            pass.Fill(_batch, sequence, prompt, next);
            pass.Fill(_referenceBatch, referenceSequence, prompt, next);
            passes++;
            var found = Walk(cancellation);
            if (found is null && pass.Chooses)
            {
                next = model.ArgMax()[0];
                int expected = reference.ArgMax()[0];
                found = next == expected ? null : ("choose", 0, 1, 0);
            }

            if (found is var (step, row, error, tolerance))
            {
                return new StepCheckResult(_worst, passes, new StepDifference(step, pass.ToString(), row, error, tolerance));
            }
        }

        return new StepCheckResult(_worst, passes, null);
    }

    private (string Step, int Row, double Error, double Tolerance)? Walk(CancellationToken cancellation)
    {
        var pass = model.Begin(_batch);
        var referencePass = reference.Begin(_referenceBatch);
        double tolerance = _rounds && pass.PrefillCount > 0 ? RoundedTolerance : Tolerance;
        var steps = model.Graph.StepsOf(pass).ToArray().ToDictionary(step => step.Name);
        foreach (var referenceStep in reference.Graph.StepsOf(referencePass))
        {
            cancellation.ThrowIfCancellationRequested();
            referenceStep.Launch(referencePass);
            // What the next step does too is checked with it.
            if (!steps.TryGetValue(referenceStep.Name, out var step) || step.RowCount(pass) == 0)
            {
                continue;
            }

            model.Take(step, pass);
            var (row, error) = Compare(step.Output!, referenceStep.Output!, step.RowCount(pass));
            if (!(error <= tolerance))
            {
                return (step.Name, row, error, tolerance);
            }

            _worst[step.Kind] = Math.Max(error, _worst.GetValueOrDefault(step.Kind));
        }

        model.End(_batch);
        reference.End(_referenceBatch);
        return null;
    }

    // The worst row. What the reference made is then replaced by what the device made, for the next step to begin with.
    private (int Row, double Error) Compare(Activation output, Activation expected, int rows)
    {
        var found = Download(model.Device, output, rows);
        var right = Download(reference.Device, expected, rows);
        var worst = (Row: 0, Error: 0.0);
        for (int row = 0; row < rows; row++)
        {
            double error = Error(Row(found, output), Row(right, expected));
            if (!(error <= worst.Error))
            {
                worst = (row, error);
            }

            if (double.IsNaN(error))
            {
                break;
            }

            Row(found, output).CopyTo(Row(right, expected));

            Span<float> Row(float[] values, Activation activation) => values.AsSpan(row * activation.Stride, activation.Columns);
        }

        expected.View.SubView(0, right.Length).CopyFromCPU(reference.Device.Stream, right);
        return worst;
    }

    private static float[] Download(Execution.Device device, Activation activation, int rows)
    {
        var values = new float[rows * activation.Stride];
        activation.View.SubView(0, values.Length).CopyToCPU(device.Stream, values);
        device.Synchronize();
        return values;
    }

    private static double Error(ReadOnlySpan<float> found, ReadOnlySpan<float> right)
    {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < found.Length; i++)
        {
            difference += ((double)found[i] - right[i]) * ((double)found[i] - right[i]);
            size += (double)right[i] * right[i];
        }

        return difference == 0 ? 0 : Math.Sqrt(difference / size);
    }
}
