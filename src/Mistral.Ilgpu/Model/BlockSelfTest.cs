using System.Numerics.Tensors;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Tests a device's products in a coarse format against the host's decoding, with a few random rows and a normalized vector.
/// </summary>
internal static class BlockSelfTest
{
    private const int Rows = 8;
    private const int Columns = 512;
    private const uint Key = 17;

    // Rounding to eight bits gives an error of about 0.4 %. A wrong bit gives far more.
    private const double Tolerance = 3e-2;

    /// <exception cref="DeviceException">The device computes wrongly.</exception>
    public static void Run(ComputeDevice device, TensorFormat format, ActivationType activations)
    {
        using var tensor = new RandomTensor("self-test", format, Rows, Columns, Key);
        byte[] blocks = tensor.ReadAll(0, (int)tensor.Length);
        var weights = new float[Rows * Columns];
        format.Decode(blocks, weights);
        TensorPrimitives.Multiply(weights, tensor.Scale, weights);
        float[] x = [.. Enumerable.Range(0, Columns).Select(i => RandomBits.Value(~Key, (uint)i, 1))];

        using var state = device.Allocate<int>(StepState.Header, "the self-test");
        using var input = device.Allocate<float>(Columns, "the self-test");
        using var gain = device.Allocate<float>(Columns, "the self-test");
        using var normed = device.Allocate<float>(Columns, "the self-test");
        using var output = device.Allocate<float>(Padding.Pad(Rows), "the self-test");
        var family = Family.Of(device);
        var layout = family.LayoutOf(format, activations);
        using var bytes = device.Allocate<byte>(WeightBand.SizeOf(Rows, Columns, format, layout), "the self-test");
        input.View.CopyFromCPU(device.Stream, x);
        // The gain is the root mean square, so that the norm leaves the vector unchanged.
        float mean = MathF.Sqrt(x.Sum(value => value * value) / Columns);
        gain.View.CopyFromCPU(device.Stream, Enumerable.Repeat(mean, Columns).ToArray());
        var band = new WeightBand(0, Rows, Columns, format, bytes.View, layout);
        using var stream = new WeightStream(device);
        stream.Write(blocks, band, 0, Rows);
        stream.WriteScales(band, 0, Rows, tensor.Scale);

        var owned = new List<IDisposable>();
        var from = family.Input(device, "normed", 1, Columns, normed.View, owned.Add);
        var to = new Activation("output", 1, Rows, output.View);
        using var launches = new BoundLaunches();
        var kernels = KernelSet.Of(device, new StepState(state.View), activations, launches);
        var matrix = new MatrixPlan([new BandPlan(["self-test"], Rows, Columns, format, layout, band.SizeInBytes)]);
        var root = new VectorPlan("gain", Columns);
        var hidden = new ActivationPlan("input", Columns, RowSet.Tokens);
        var (made, product) = (
            new ActivationPlan("normed", Columns, RowSet.Tokens), new ActivationPlan("output", Rows, RowSet.Tokens));
        var memory = new PlanMemory(
            new Dictionary<ActivationPlan, Activation>
            {
                [hidden] = new("input", 1, Columns, input.View),
                [made] = from,
                [product] = to
            },
            new Dictionary<MatrixPlan, WeightMatrix> { [matrix] = new("self-test", [band]) },
            new Dictionary<VectorPlan, ArrayView<float>> { [root] = gain.View });
        var graph = new StepBinder(kernels, memory).Bind(
            new ModelPlan([new Norm("norm", hidden, root, made, Epsilon: 0), new Product("self-test", made, matrix, product)]));
        // One token, decoded and as a prompt, because the two can have different kernels.
        foreach (int decoded in new[] { 1, 0 })
        {
            var passState = new int[StepState.Header];
            (passState[StepState.TokenCountAt], passState[StepState.DecodeCountAt]) = (1, decoded);
            state.View.CopyFromCPU(device.Stream, passState);
            var pass = new Pass(decoded, 1 - decoded, 0);
            foreach (var step in graph.StepsOf(pass))
            {
                step.Launch(pass);
            }

            var found = new float[Rows];
            output.View.SubView(0, Rows).CopyToCPU(device.Stream, found);
            Check(device, format, weights, x, found);
        }

        owned.ForEach(buffer => buffer.Dispose());
    }

    private static void Check(ComputeDevice device, TensorFormat format, float[] weights, float[] x, float[] found)
    {
        double error = 0;
        double size = 0;
        for (int row = 0; row < Rows; row++)
        {
            double right = 0;
            for (int column = 0; column < Columns; column++)
            {
                double term = (double)weights[(row * Columns) + column] * x[column];
                right += term;
                size += term * term;
            }

            error += (found[row] - right) * (found[row] - right);
        }

        // Negated, so that NaN also fails.
        if (!(Math.Sqrt(error / size) <= Tolerance))
        {
            throw new DeviceException(
                $"device {device.Info.Id} ({device.Info.Name}) multiplies {format.ShortName()} wrongly: "
                + $"self-test error {Math.Sqrt(error / size):g3}, expected at most {Tolerance}; choose another device");
        }
    }
}
