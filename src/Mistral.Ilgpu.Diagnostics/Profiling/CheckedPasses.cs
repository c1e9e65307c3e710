using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>
/// Also runs each step on a reference, both with the same input, and compares the outputs. After the first difference, steps run
/// without being compared.
/// </summary>
/// <param name="rounds">Whether prompts are multiplied with 16-bit activations.</param>
internal sealed class CheckedPasses(
    IPassRunner inner, DirectPasses direct, MistralModel model, MistralModel reference, bool rounds, CancellationToken cancelled)
    : WalkedPasses(inner, direct)
{
    private readonly Dictionary<string, double> _worst = [];

    /// <summary>The largest error of each kind of step.</summary>
    public IReadOnlyDictionary<string, double> WorstErrors => _worst;

    /// <summary>The first step that differs, the row with the largest error, that error, and its tolerance.</summary>
    public (string Step, int Row, double Error, double Tolerance)? Found { get; private set; }

    /// <summary>The reference's batch of the next pass.</summary>
    public Batch ReferenceBatch { get; } = new();

    public override PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        var referencePass = reference.Begin(ReferenceBatch);
        double tolerance = rounds && pass.PrefillCount > 0 ? StepCheck.RoundedTolerance : StepCheck.Tolerance;
        var steps = model.Graph.StepsOf(pass).ToArray().ToDictionary(step => step.Name);
        foreach (var referenceStep in reference.Graph.StepsOf(referencePass))
        {
            cancelled.ThrowIfCancellationRequested();
            referenceStep.Launch(referencePass);
            // If the device's next step does the work of this one, both are checked together.
            if (!steps.TryGetValue(referenceStep.Name, out var step) || step.RowCount(pass) == 0)
            {
                continue;
            }

            Launch(step, pass);
            if (Found is null)
            {
                Compare(step, referenceStep, step.RowCount(pass), tolerance);
            }
        }

        reference.End(ReferenceBatch);
        return PassOutcome.Launched;
    }

    // The reference's output is replaced by the device's, so that the next step has the same input on both.
    private void Compare(Step step, Step referenceStep, int rows, double tolerance)
    {
        var (row, error) = Compare(step.Output!, referenceStep.Output!, rows);
        if (error <= tolerance)
        {
            _worst[step.Kind] = Math.Max(error, _worst.GetValueOrDefault(step.Kind));
        }
        else
        {
            Found = (step.Name, row, error, tolerance);
        }
    }

    // Returns the row with the largest error.
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

    private static float[] Download(ComputeDevice device, Activation activation, int rows)
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
