using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The passes of a reference on one device, and how the outputs of another model's steps compare with its own.</summary>
internal sealed class StepComparison(MistralModel reference)
{
    private readonly Dictionary<string, double> _worst = [];
    private Pass _pass = new(0, 0, 0);

    /// <summary>The largest error of each kind of step.</summary>
    public IReadOnlyDictionary<string, double> WorstErrors => _worst;

    /// <summary>The first step that differs, the row with the largest error, that error, and its tolerance.</summary>
    public (string Step, int Row, double Error, double Tolerance)? Found { get; private set; }

    /// <summary>The reference's batch of the next pass.</summary>
    public Batch ReferenceBatch { get; } = new();

    /// <summary>The reference's steps of the pass.</summary>
    public IReadOnlyList<Step> Steps => reference.Parts[0].Graph.StepsOf(_pass).ToArray();

    /// <summary>Begins a pass.</summary>
    public void Begin()
    {
        reference.Begin(ReferenceBatch);
        _pass = reference.BeginOn(reference.Parts[0], ReferenceBatch);
    }

    public void Launch(Step step) => step.Launch(_pass);

    /// <summary>Records that all steps of the pass are launched.</summary>
    public void End() => reference.End(ReferenceBatch);

    /// <summary>Compares the outputs of a step, unless one differed before. The reference's output is replaced by the device's, so
    /// that the next step has the same input on both.</summary>
    public void Compare(ComputeDevice device, Step step, Step referenceStep, int rows, double tolerance)
    {
        if (Found is not null)
        {
            return;
        }

        var (row, error) = Compare(device, step, referenceStep.Output!, rows);
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
    private (int Row, double Error) Compare(ComputeDevice device, Step step, Activation expected, int rows)
    {
        var output = step.Output!;
        var found = Download(device, output, rows);
        ReplaceRounded(device, step, found);
        var right = Download(reference.Devices[0], expected, rows);
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

        expected.View.SubView(0, right.Length).CopyFromCPU(reference.Devices[0].Stream, right);
        return worst;
    }

    private static float[] Download(ComputeDevice device, Activation activation, int rows)
    {
        var values = new float[rows * activation.Stride];
        activation.View.SubView(0, values.Length).CopyToCPU(device.Stream, values);
        device.Synchronize();
        return values;
    }

    // Rows in 16 bits are not in float32.
    private void ReplaceRounded(ComputeDevice device, Step step, float[] values)
    {
        int first = step.Operation.Forms.FirstRounded(step.Operation, _pass) * step.Output!.Stride;
        if (first >= values.Length || step.Output.Tensor is not { } tensor)
        {
            return;
        }

        var bits = new ushort[values.Length];
        tensor.Rounded.SubView(0, bits.Length).CopyToCPU(device.Stream, bits);
        device.Synchronize();
        for (int i = first; i < bits.Length; i++)
        {
            values[i] = step.Operation.Forms.Rounded == TensorFormat.BFloat16
                ? BFloat16.Decode(bits[i])
                : Float16.Decode(bits[i]);
        }
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
